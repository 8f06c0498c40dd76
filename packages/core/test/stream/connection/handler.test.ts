import { describe, expect, it, jest } from '@jest/globals'
import { createFakeStreamPort, type FakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import type { Connection } from '../../../src/index.js'
import { openFake, serveFake, story, systemError } from '../../support/fake-server.js'
import { settle } from '../../support/settle.js'

const calls: string[] = []

/** Values that JavaScript can throw. */
const THROWN: [string, unknown][] = [
  ['a string', 'oops'],
  ['undefined', undefined],
  ['a symbol', Symbol('oops')],
  ['an object', { oops: true }],
  ['an object without a prototype', Object.create(null)],
]

describe('error', () => {
  it.each(THROWN)(
    'the event error has an Error when a handler throws %s, at once or later',
    async (_, what) => {
      const fail = () => {
        throw what
      }
      for (const handle of [fail, async () => fail()]) {
        const { accept, errors, server } = await serveFake(handle)
        const port = accept()
        await settle()
        expect(errors).toHaveLength(1)
        expect(errors[0]).toBeInstanceOf(Error)
        expect(port.isDestroyed).toBe(true)
        port.close()
        await server.close()
      }
    },
  )

  it('the event error is emitted once for a full write buffer, although the handler fails with the same error', async () => {
    const port = createFakeStreamPort()
    port.bufferedBytes = 40
    const { accept, errors, server } = await serveFake((connection) => connection.write('x'), {
      maxWriteBuffer: 20,
    })
    accept(port)
    await settle()
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_BACKPRESSURE' }])
    expect(server.stats().handlerErrors).toBe(0)
  })

  it('the event error is emitted for a handler that fails in its own way after a full write buffer', async () => {
    const failure = new Error('oops')
    const port = createFakeStreamPort()
    port.bufferedBytes = 40
    const { accept, errors } = await serveFake(
      async (connection) => {
        await connection.write('x').catch(() => {})
        throw failure
      },
      { maxWriteBuffer: 20 },
    )
    accept(port)
    await settle()
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SOCK_BACKPRESSURE' }), failure])
  })

  it('the event error is emitted for a handler that fails with the error that it has passed to destroy()', async () => {
    const reason = new Error('does not keep up')
    const { accept, errors } = await serveFake(async (connection) => {
      connection.destroy(reason)
      await connection.read()
    })
    accept()
    await settle()
    expect(errors).toEqual([reason])
  })

  it('the event error is not emitted for a handler that fails only because the connection broke', async () => {
    const { accept, errors, server } = await serveFake(async (connection) => {
      await connection.read()
    })
    accept().close(systemError('ECONNRESET'))
    await settle()
    expect([errors, server.stats().handlerErrors]).toEqual([[], 0])
  })

  it('the event error is emitted for a handler that fails because another connection broke', async () => {
    const failure = systemError('ECONNRESET')
    const { accept, errors } = await serveFake(() => Promise.reject(failure))
    accept()
    await settle()
    expect(errors).toEqual([failure])
  })

  it('the event error is emitted for a handler that fails for another reason after the connection broke', async () => {
    const failure = new Error('oops')
    const { accept, errors } = await serveFake(async (connection) => {
      await connection.read().catch(() => {
        throw failure
      })
    })
    accept().close(systemError('ECONNRESET'))
    await settle()
    expect(errors).toEqual([failure])
  })
})

describe('a handler function that has returned', () => {
  it('a handler function that returns no promise closes its connection, like one whose promise resolves', async () => {
    for (const handler of [() => {}, () => Promise.resolve()]) {
      const { accept } = await serveFake(handler)
      const port = accept()
      await settle()
      expect(port.calls).toEqual(['start', 'shutdownWrite'])
    }
  })

  it('connection.write() after its handler returned rejects with that reason, of which the server warns', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    let connection!: Connection
    const { accept } = await serveFake((given) => void (connection = given))
    accept()
    const error = await rejection(connection.write('late'))
    expect(error).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    expect(error.message).toMatch(/^Cannot write: the connection was closed when its handler returned/)
    expect(warn).toHaveBeenCalledTimes(1)
    warn.mockRestore()
  })

  it.each<[string, (connection: Connection, port: FakeStreamPort) => void]>([
    ['has closed its connection itself', (connection) => void connection.close()],
    ['has ended its output itself', (connection) => void connection.closeWrite()],
    ['had seen the end of its input', (_, port) => port.end()],
  ])('connection.write() after a handler that %s rejects as usual', async (_, act) => {
    const { connection, port, release } = await openFake()
    act(connection, port)
    release()
    await settle()
    const error = await rejection(connection.write('late'))
    expect(error.message).toBe('Cannot write: the connection is closed')
  })
})

describe('configure', () => {
  it('configure() gets the socket of the port once it has started, after the observers and before the handler', async () => {
    const order: unknown[] = []
    const port = Object.assign(createFakeStreamPort(), { socket: 'the socket' })
    const scene = await serveFake(
      { open: () => void order.push('open') },
      { configure: (socket) => void order.push(socket, ...port.calls, ...story(scene)) },
    )
    scene.accept(port)
    expect(order).toEqual(['the socket', 'start', 'new', 'handler', 'open'])
  })

  it('configure() whose promise rejects fails like the handler', async () => {
    const failure = new Error('oops')
    const { accept, errors, server } = await serveFake(
      { data() {} },
      { configure: () => Promise.reject(failure) as never },
    )
    const port = accept()
    await settle()
    expect(port.calls.at(-1)).toBe('reset')
    expect(errors).toEqual([failure])
    port.close()
    expect(server.stats()).toMatchObject({ open: 0, handlerErrors: 1 })
  })

  it.each([
    ['a function', () => void calls.push('handler')],
    ['callbacks', { open: () => void calls.push('open'), close: () => void calls.push('close') }],
  ])('configure() that throws destroys the connection before its handler runs: %s', async (_, handler) => {
    calls.length = 0
    const failure = new Error('oops')
    const configure = (): never => {
      throw failure
    }
    const { accept, errors, server } = await serveFake(handler, { configure })
    const port = accept()
    expect(port.calls.at(-1)).toBe('reset')
    expect(errors).toEqual([failure])
    port.close()
    await settle()
    expect(calls).toEqual([])
    expect(server.stats()).toMatchObject({ open: 0, handlerErrors: 1 })
  })
})

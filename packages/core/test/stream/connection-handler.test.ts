import { describe, expect, it } from '@jest/globals'
import { createFakeStreamPort } from '@sock/testing'
import { serveFake, story, systemError } from '../support/fake-server.js'
import { settle } from '../support/settle.js'

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

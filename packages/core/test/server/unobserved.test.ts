import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Connection } from '../../src/index.js'
import { createFakeListener, createFakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { inspect } from 'node:util'
import { createFakeServer } from '../support/fake-server.js'
import { settle } from '../support/settle.js'
import type { StreamHandler } from '../../src/index.js'
import type { StreamListenerSink } from '../../src/stream.js'

interface Warning {
  readonly message: string
  readonly type: string
  readonly code: string
  readonly detail: string
}

let warnings: Warning[]
beforeEach(() => {
  warnings = []
  jest
    .spyOn(process, 'emitWarning')
    .mockImplementation(
      ((message: string, options: Omit<Warning, 'message'>) =>
        void warnings.push({ ...options, message })) as never,
    )
})
afterEach(() => void jest.restoreAllMocks())

/** A server without observers, and a function that connects a peer. */
async function serve(handler: StreamHandler) {
  let sink: StreamListenerSink | undefined
  const server = createFakeServer(handler, (given: StreamListenerSink) => {
    sink = given
    return Promise.resolve(createFakeListener())
  })
  await server.listen('anywhere')
  const accept = () => {
    const port = createFakeStreamPort()
    sink?.accept(port)
    return port
  }
  return { server, accept }
}

describe('a handler that fails', () => {
  it.each<[string, StreamHandler]>([
    [
      'a function that throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['a function that rejects', () => Promise.reject(new Error('broken'))],
    [
      'a callback that throws',
      {
        open() {
          throw new Error('broken')
        },
      },
    ],
  ])(
    'a handler that fails becomes one process warning without an "error" listener: %s',
    async (_, handler) => {
      const { server, accept } = await serve(handler)
      for (let peer = 0; peer < 3; peer++) accept()
      await settle()
      expect(server.stats().handlerErrors).toBe(3)
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatchObject({ type: 'SockHandlerWarning', code: 'SOCK_UNOBSERVED_ERROR' })
      expect(warnings[0]?.message).toBe(
        'A handler of a tcp server failed, and the server has no "error" listener',
      )
      expect(warnings[0]?.detail).toMatch(/^Error: broken\n +at /)
    },
  )

  it('a handler that fails with an error that cannot be printed becomes a warning, too', async () => {
    class Unprintable extends Error {
      [inspect.custom](): never {
        throw new Error('no text')
      }
    }
    const { server, accept } = await serve(() => {
      throw new Unprintable('broken')
    })
    expect(accept().isDestroyed).toBe(true)
    expect(server.stats().handlerErrors).toBe(1)
    expect(warnings[0]?.detail).toMatch(/^a value that cannot be printed\n/)
  })

  it('a handler that fails causes no warning with an "error" listener, and one after its removal', async () => {
    const { server, accept } = await serve(() => {
      throw new Error('broken')
    })
    const errors: Error[] = []
    const stop = server.on('error', (error) => void errors.push(error))
    accept()
    expect([errors.length, warnings.length]).toEqual([1, 0])
    stop()
    accept()
    expect([errors.length, warnings.length]).toEqual([1, 1])
  })
})

describe('a handler that returns and writes later', () => {
  const MESSAGE = /^Cannot write: the connection was closed when its handler returned/

  it.each<[string, (connection: Connection) => void | Promise<void>]>([
    ['at once', () => {}],
    ['a promise that settles early', async () => {}],
  ])(
    'a handler that returns and writes later is told so by the error, and by one process warning: %s',
    async (_, run) => {
      const connections: Connection[] = []
      const { accept } = await serve((connection) => {
        connections.push(connection)
        return run(connection)
      })
      accept()
      accept()
      await settle()
      for (const connection of connections) {
        const error = await rejection(connection.write('late'))
        expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_CLOSED' })
        expect((error as Error).message).toMatch(MESSAGE)
      }
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatchObject({ type: 'SockHandlerWarning', code: 'SOCK_WRITE_AFTER_RETURN' })
      expect(warnings[0]?.detail).toMatch(/^SockError: Cannot write/)
    },
  )

  it.each<[string, (connection: Connection, port: ReturnType<typeof createFakeStreamPort>) => void]>([
    ['the peer has gone', (_, port) => port.close(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))],
    ['the peer has ended', (_, port) => port.end()],
    ['the connection was closed', (connection) => void connection.close()],
    ['the connection was destroyed', (connection) => connection.destroy()],
    ['the writing side was closed', (connection) => void connection.closeWrite()],
  ])('a handler that writes later gets no such hint where %s before', async (_, end) => {
    let connection: Connection | undefined
    let done: (() => void) | undefined
    const { accept } = await serve((opened) => {
      connection = opened
      return new Promise((resolve) => (done = resolve))
    })
    const port = accept()
    end(connection as Connection, port)
    done?.()
    await settle()
    const error = await rejection(connection?.write('late') as Promise<void>)
    expect((error as Error).message).toBe('Cannot write: the connection is closed')
    expect(warnings).toEqual([])
  })
})

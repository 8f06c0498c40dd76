import { expect, it } from '@jest/globals'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { StreamEngine } from '@sock/core'
import { expectHere } from '@sock/tools/testing/errors'
import { later } from '@sock/tools/testing/resources'
import { rejection, thrown } from '@sock/tools/testing/wait'
import { connectTcp, createTcpServer } from '../src/index.js'
import { engines } from './support/engines.js'
import { echo, serve } from './support/servers.js'

/** A port at which nothing listens: one that was just given back. */
async function freePort(): Promise<number> {
  const { server, address } = await serve()
  await server.close()
  return address.port
}

for (const { name, options, describe } of engines) {
  const create = (more: object = {}) => {
    const server = createTcpServer(echo, { ...options, ...more })
    later(() => server.close())
    return server
  }

  describe(`errors at the caller${name}`, () => {
    it('listen() on a port in use', async () => {
      const { address } = await serve()
      const states: string[] = []
      const server = create()
      server.on('state', (_, message) => void states.push(message))
      const error = await rejection(server.listen(address))
      const message = `Cannot listen on "${address}": the port is in use (EADDRINUSE). Stop the other program, or choose another port; with port 0 the system picks a free one`
      expectHere(error, 'EADDRINUSE', message)
      expect(error).toMatchObject({ message, syscall: 'listen', address: '127.0.0.1', port: address.port })
      expect((error as NodeJS.ErrnoException).errno).toBeLessThan(0)
      expect(states.at(-1)).toBe(message)
    })

    it('listen() on an address of another machine', async () => {
      const message = 'Cannot listen on "192.0.2.1:0": no network interface of this machine has this address'
      expectHere(await rejection(create().listen('192.0.2.1:0')), 'EADDRNOTAVAIL', message)
    })

    it('listen() in an async function, on what is no target, and twice', async () => {
      const server = create()
      const start = async (target: unknown): Promise<void> => {
        await Promise.resolve()
        await server.listen(target as string)
      }
      expectHere(await rejection(start(8080)), 'ERR_SOCK_INVALID_ADDRESS', 'Invalid target: expected ":8080"')
      await start('127.0.0.1:0')
      expectHere(
        await rejection(start(':0')),
        'ERR_SOCK_INVALID_STATE',
        'Cannot listen: the server is listening',
      )
    })

    it('listen() that is stopped, and options that are wrong', async () => {
      const server = create()
      const listening = rejection(server.listen('127.0.0.1:0'))
      await server.close()
      expectHere(
        await listening,
        'ERR_SOCK_CLOSED',
        'Cannot listen: the server was closed while it was starting',
      )
      const wrong = server.listen(':0', { signal: 1 as never })
      expectHere(await rejection(wrong), 'ERR_INVALID_ARG_TYPE', 'Invalid "signal": expected an AbortSignal')
    })

    it('connectTcp() where nothing listens', async () => {
      const port = await freePort()
      const error = await rejection(connectTcp({ host: '127.0.0.1', port }, options))
      const message = `Cannot connect to "127.0.0.1:${port}": nothing listens there (ECONNREFUSED). Start the server, or check host and port`
      expectHere(error, 'ECONNREFUSED', message)
      expect(error).toMatchObject({ message, syscall: 'connect', address: '127.0.0.1', port })
    })

    it('connectTcp() to a name, by an async function that was woken', async () => {
      const port = await freePort()
      const dial = async (): Promise<void> => {
        await Promise.resolve()
        await connectTcp(`localhost:${port}`, options)
      }
      const error = await rejection(dial())
      expectHere(error, 'ECONNREFUSED', `Cannot connect to "localhost:${port}": nothing listens there`)
      expect(error).toMatchObject({ syscall: 'connect', port })
    })

    it('connectTcp() with a wrong target, option or pair of options', async () => {
      const noPort = rejection(connectTcp('127.0.0.1:0', options))
      expectHere(await noPort, 'ERR_SOCK_INVALID_ADDRESS', 'Cannot connect to "127.0.0.1:0"')
      const unknown = rejection(connectTcp(':1', { ...options, port: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "port" in connectTcp options')
      const small = rejection(connectTcp(':1', { ...options, maxWriteBuffer: 1 }))
      expectHere(await small, 'ERR_OUT_OF_RANGE', 'Invalid "maxWriteBuffer"')
    })

    it('connectTcp() leaves what configure throws, and the reason of a signal, as they are', async () => {
      const { address } = await serve()
      const mine = Object.assign(new Error('mine'), { code: 'EMINE', syscall: 'mine' })
      const { stack } = mine
      const configure = (): never => {
        throw mine
      }
      expect(await rejection(connectTcp(address, { ...options, configure }))).toBe(mine)
      expect(await rejection(connectTcp(address, { ...options, signal: AbortSignal.abort(mine) }))).toBe(mine)
      expect(mine).toMatchObject({ message: 'mine', stack })
    })

    it('createTcpServer() with a wrong handler or option', () => {
      const none = thrown(() => createTcpServer(5 as never, options))
      expectHere(none, 'ERR_INVALID_ARG_TYPE', 'Invalid "handler": expected a function or an object')
      expectHere(
        thrown(() => create({ idleTimeout: -1 })),
        'ERR_OUT_OF_RANGE',
        'Invalid "idleTimeout"',
      )
      expectHere(
        thrown(() => create({ maxWriteBuffer: 1 })),
        'ERR_OUT_OF_RANGE',
        'Invalid "maxWriteBuffer"',
      )
    })
  })
}

engines[0]?.describe('errors at the caller, TLS', () => {
  it('connectTcp() where nothing listens, or what listens does not speak TLS', async () => {
    const refused = connectTcp(`127.0.0.1:${await freePort()}`, { tls: true })
    expectHere(await rejection(refused), 'ECONNREFUSED', 'nothing listens there')
    const plain = createServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .end('hello'),
    ).listen(0, '127.0.0.1')
    later(() => void plain.close())
    await once(plain, 'listening')
    const { port } = plain.address() as { port: number }
    const failed = rejection(connectTcp(`127.0.0.1:${port}`, { tls: true }))
    expectHere(await failed, 'ERR_SOCK_HANDSHAKE_FAILED', 'the peer does not speak TLS')
  })

  it('createTcpServer() with a bad certificate', () => {
    const make = () => createTcpServer(echo, { tls: { cert: 'x', key: 'y' } })
    expectHere(thrown(make), 'ERR_SOCK_INVALID_TLS', 'Cannot use the TLS options: ')
  })
})

engines[0]?.describe('errors at the caller, an engine that is not available', () => {
  it('listen() and connectTcp() say so', async () => {
    const no = (): never => {
      throw Object.assign(new Error('it is for Linux'), { code: 'ERR_SOCK_NATIVE_UNAVAILABLE' })
    }
    const engine: StreamEngine<never> = {
      name: 'native',
      listenStream: async () => no(),
      connectStream: async () => no(),
    }
    const server = createTcpServer(echo, { engine })
    expectHere(await rejection(server.listen(':0')), 'ERR_SOCK_NATIVE_UNAVAILABLE', 'it is for Linux')
    expectHere(
      await rejection(connectTcp(':1', { engine })),
      'ERR_SOCK_NATIVE_UNAVAILABLE',
      'it is for Linux',
    )
  })
})

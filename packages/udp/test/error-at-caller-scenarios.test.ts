import { expect, it } from '@jest/globals'
import { expectHere } from '@sock/tools/testing/errors'
import { later } from '@sock/tools/testing/resources'
import { rejection, thrown } from '@sock/tools/testing/wait'
import { connectUdp, createUdpServer } from '../src/index.js'
import { engines } from './support/engines.js'
import { echo, serve } from './support/sockets.js'

for (const { name, options, describe } of engines) {
  const create = (more: object = {}) => {
    const server = createUdpServer(echo, { ...options, ...more })
    later(() => server.close())
    return server
  }

  describe(`errors at the caller${name}`, () => {
    it('listen() on a port in use', async () => {
      const { address } = await serve()
      const error = await rejection(create().listen(address))
      const message = `Cannot listen on "${address}": the port is in use (EADDRINUSE). Stop the other program, or choose another port; with port 0 the system picks a free one`
      expectHere(error, 'EADDRINUSE', message)
      expect(error).toMatchObject({ message, syscall: 'bind', address: '127.0.0.1', port: address.port })
      expect((error as NodeJS.ErrnoException).errno).toBeLessThan(0)
    })

    it('listen() in an async function, on what is no target', async () => {
      const start = async (): Promise<void> => {
        await Promise.resolve()
        await create().listen(8125 as never)
      }
      expectHere(await rejection(start()), 'ERR_SOCK_INVALID_ADDRESS', 'Invalid target: expected ":')
    })

    it('connectUdp() to a broadcast address without the option', async () => {
      const error = await rejection(connectUdp('255.255.255.255:9', options))
      const message =
        'Cannot connect to "255.255.255.255:9": the system does not permit it (EACCES). For a broadcast address set the option "broadcast"'
      expectHere(error, 'EACCES', message)
      expect(error).toMatchObject({ syscall: 'connect', address: '255.255.255.255', port: 9 })
    })

    it('connectUdp() with a wrong target or option', async () => {
      const noPort = rejection(connectUdp('127.0.0.1:0', options))
      expectHere(await noPort, 'ERR_SOCK_INVALID_ADDRESS', 'Cannot connect to "127.0.0.1:0"')
      const unknown = rejection(connectUdp(':1', { ...options, port: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "port" in connectUdp options')
    })

    it('createUdpServer() with a wrong handler or option', () => {
      const none = thrown(() => createUdpServer(5 as never, options))
      expectHere(none, 'ERR_INVALID_ARG_TYPE', 'Invalid "handler": expected a function or an object')
      expectHere(
        thrown(() => create({ ttl: 0 })),
        'ERR_OUT_OF_RANGE',
        'Invalid "ttl"',
      )
    })
  })
}

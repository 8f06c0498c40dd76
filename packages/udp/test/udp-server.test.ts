import { describe, expect, it, jest } from '@jest/globals'
import { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { createUdpServer, type UdpServer, type UdpTarget } from '../src/index.js'
import { checkReusePort } from '@sock/core/transport'
import { expectHere } from '@sock/test-support/errors'
import { countSockets, later } from '@sock/test-support/resources'
import { rejection, thrown, until } from '@sock/test-support/wait'
import { engines } from './support/engines.js'
import { bindPeer, create, dial, echo, serve } from './support/sockets.js'

const HAS_REUSE_PORT = canReusePort()

describe('UdpServer.listen', () => {
  it.each<[string | UdpTarget, string, RegExp]>([
    ['127.0.0.1:0', '127.0.0.1', /^127\.0\.0\.1:\d+$/],
    [{ host: '127.0.0.1', port: 0 }, '127.0.0.1', /^127\.0\.0\.1:\d+$/],
    ['[::1]:0', '::1', /^\[::1\]:\d+$/],
    [{ host: '::1', port: 0 }, '::1', /^\[::1\]:\d+$/],
    ['0.0.0.0:0', '127.0.0.1', /^0\.0\.0\.0:\d+$/],
    [':0', '127.0.0.1', /^\[::\]:\d+$/],
    [{ port: 0 }, '::1', /^\[::\]:\d+$/],
    ['[::]:0', '127.0.0.1', /^\[::\]:\d+$/],
  ])(
    'UdpServer.listen() binds %j, with the port that the system chose, and answers %s',
    async (target, host, shown) => {
      const { server, address } = await serve(echo, {}, target)
      expect(String(address)).toMatch(shown)
      expect(address.port).toBeGreaterThan(0)
      expect(server.address).toEqual(address)
      const peer = await bindPeer(host)
      peer.send('x', { host, port: address.port })
      expect(String(await peer.next())).toBe('x')
    },
  )

  it('UdpServer.listen() shows IPv4 peers of a socket for both as IPv4, and answers them (D13)', async () => {
    const seen: unknown[] = []
    const handler = {
      data: (channel: { remoteAddress: unknown; write(data: Buffer): Promise<void> }, data: Buffer) => {
        seen.push(channel.remoteAddress)
        return channel.write(data)
      },
    }
    const { address } = await serve(handler, {}, ':0')
    for (const host of ['127.0.0.1', '::1']) {
      const peer = await bindPeer(host)
      peer.send('x', { host, port: address.port })
      expect(String(await peer.next())).toBe('x')
      expect(seen.pop()).toEqual({ family: isIPv6(host) ? 'ipv6' : 'ipv4', host, port: peer.port })
    }
  })

  it('UdpServer.listen() with ipv6Only takes nothing from IPv4, and leaves its port to others', async () => {
    const { server, address } = await serve(echo, {}, { port: 0, ipv6Only: true })
    const other = await serve(echo, {}, { host: '127.0.0.1', port: address.port })
    const peer = await bindPeer('127.0.0.1')
    peer.send('x', { host: '127.0.0.1', port: address.port })
    expect(String(await peer.next())).toBe('x')
    expect(other.server.stats().datagramsReceived).toBe(1)
    expect(server.stats().datagramsReceived).toBe(0)
  })

  it('UdpServer.listen() looks a name up', async () => {
    const { address } = await serve(echo, {}, 'localhost:0')
    expect(['127.0.0.1', '::1']).toContain(address.host)
    const channel = await dial(`localhost:${address.port}`)
    await channel.write('x')
    expect(String(await channel.read())).toBe('x')
  })

  it('UdpServer.listen() takes an address, also what it resolved with', async () => {
    const first = await serve()
    await first.server.close()
    const { address } = await serve(echo, {}, first.address)
    expect(address).toEqual(first.address)
  })

  it.each<[string, string | UdpTarget, string]>([
    ['an address of somebody else', '192.0.2.77:0', 'EADDRNOTAVAIL'],
    ['a name that does not exist', 'does-not-exist.invalid:0', 'ENOTFOUND'],
  ])('UdpServer.listen() rejects %s, and can be used again', async (_, target, code) => {
    const before = countSockets()
    const { server, states } = create()
    const error = await rejection(server.listen(target))
    // Without a resolver, it is unknown whether the name exists.
    expect(code === 'ENOTFOUND' ? ['ENOTFOUND', 'EAI_AGAIN'] : [code]).toContain(error.code)
    expect([server.state, server.address, server.openConnections]).toEqual(['idle', undefined, 0])
    expect(countSockets()).toBe(before)
    await server.listen('127.0.0.1:0')
    expect(states).toEqual(['starting', 'idle', 'starting', 'listening'])
  })

  it('UdpServer.listen() rejects a port that is taken, and can be used again (D8)', async () => {
    const { address } = await serve()
    const { server } = create()
    const before = countSockets()
    expect(await rejection(server.listen(address))).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind' })
    expect(server.state).toBe('idle')
    expect(countSockets()).toBe(before)
    await server.listen('127.0.0.1:0')
    expect(server.state).toBe('listening')
  })

  it('UdpServer.listen() with reuseAddress takes the port over from another that allows it (D8)', async () => {
    const first = await serve(echo, {}, { host: '127.0.0.1', port: 0, reuseAddress: true })
    const second = await serve(echo, {}, { ...first.address, reuseAddress: true })
    expect(second.address).toEqual(first.address)
    const { server } = create()
    expect(await rejection(server.listen(first.address))).toMatchObject({ code: 'EADDRINUSE' })
  })

  if (HAS_REUSE_PORT) {
    it('UdpServer.listen() with reusePort shares the port', async () => {
      const first = await serve(echo, {}, { host: '127.0.0.1', port: 0, reusePort: true })
      const second = await serve(echo, {}, { host: '127.0.0.1', port: first.address.port, reusePort: true })
      const peers = await Promise.all(Array.from({ length: 32 }, () => bindPeer()))
      for (const peer of peers) peer.send(`${peer.port}`, first.address)
      for (const peer of peers) expect(String(await peer.next())).toBe(`${peer.port}`)
      const counts = [first, second].map(({ server }) => server.stats().datagramsReceived)
      expect(counts[0]! + counts[1]!).toBe(32)
      expect(Math.min(...counts)).toBeGreaterThan(0)
    })
  } else {
    it('UdpServer.listen() refuses reusePort, which this Node would ignore', async () => {
      const { server } = create()
      const error = await rejection(server.listen({ port: 0, reusePort: true }))
      expect(error).toMatchObject({ code: 'ERR_SOCK_UNSUPPORTED' })
      expect(error.message).toContain(process.versions.node)
      expect(server.state).toBe('idle')
    })
  }

  it.each<[unknown]>([
    [''],
    ['8080'],
    [':abc'],
    ['127.0.0.1'],
    ['127.0.0.1:65536'],
    ['127.0.0.1:-1'],
    ['::1:53'],
    ['[::1]'],
    ['256.1.1.1:53'],
    ['/run/app.sock'],
    ['udp://127.0.0.1:53'],
    ['127.0.0.1:53 '],
    ['a b:53'],
    [undefined],
    [null],
    [8080],
    [{}],
    [[]],
    [{ host: '127.0.0.1' }],
    [{ port: '53' }],
    [{ port: 1.5 }],
    [{ port: 65_536 }],
    [{ port: 0, host: 5 }],
    [{ port: 0, mode: 0o600 }],
    [{ port: 0, ipv6Only: 1 }],
    [{ port: 0, reuseAddress: 'yes' }],
    [{ port: 0, reusePort: null }],
    [{ family: 'unix', path: '/x' }],
  ])('UdpServer.listen() rejects %p as a target', async (target) => {
    const server = createUdpServer(echo)
    const error = await rejection(server.listen(target as string))
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
    expect(server.state).toBe('idle')
  })
})

/** Makes the system one without IPv6, until the end of the test. */
function withoutIpv6(): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its socket
  const bind = Socket.prototype.bind as (this: Socket, ...args: unknown[]) => Socket
  const spied = jest.spyOn(Socket.prototype, 'bind')
  spied.mockImplementation(function (this: Socket & { type?: string }, ...args: unknown[]) {
    if (this.type === 'udp4') return bind.apply(this, args)
    const error = Object.assign(new Error('bind EAFNOSUPPORT'), { code: 'EAFNOSUPPORT' })
    return setImmediate(() => this.emit('error', error)) && this
  })
  later(() => spied.mockRestore())
}

describe('UdpServer.listen on a system without IPv6', () => {
  it('listen() on a system without IPv6 binds all addresses of IPv4, and answers', async () => {
    withoutIpv6()
    const { server, address } = await serve(echo, {}, ':0')
    expect(address.host).toBe('0.0.0.0')
    const peer = await bindPeer()
    peer.send('x', { host: '127.0.0.1', port: address.port })
    expect(String(await peer.next())).toBe('x')
    expect(server.stats().datagramsDropped.kernel).toBe(0)
  })

  it.each<[string | UdpTarget]>([['[::1]:0'], ['[::]:0'], [{ port: 0, ipv6Only: true }]])(
    'listen() on a system without IPv6 rejects %j, which asks for IPv6',
    async (target) => {
      withoutIpv6()
      const { server } = create()
      expect(await rejection(server.listen(target))).toMatchObject({ code: 'EAFNOSUPPORT' })
      expect(server.state).toBe('idle')
    },
  )
})

describe('createUdpServer', () => {
  it('createUdpServer() causes one process warning for failed handlers without an error listener', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    later(() => warn.mockRestore())
    const server = createUdpServer({
      data() {
        throw new Error('broken')
      },
    })
    later(() => server.close())
    const address = await server.listen('127.0.0.1:0')
    const peer = await bindPeer()
    for (let count = 1; count <= 3; count++) {
      peer.send('x', address)
      await until(() => server.stats().handlerErrors === count, 'the handler has failed')
    }
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]?.[1]).toMatchObject({
      type: 'SockHandlerWarning',
      code: 'SOCK_UNOBSERVED_ERROR',
    })
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  const createWith = (more: object = {}): UdpServer => {
    const server = createUdpServer(echo, { ...options, ...more })
    later(() => server.close())
    return server
  }

  describeEngine(`errors at the caller${name}`, () => {
    it('listen() on a port in use rejects with a message that says what to do, at the line of the call', async () => {
      const { address } = await serve()
      const error = await rejection(createWith().listen(address))
      const message = `Cannot listen on "${address}": the port is in use (EADDRINUSE). Stop the other program, or choose another port; with port 0 the system picks a free one`
      expectHere(error, 'EADDRINUSE', message)
      expect(error).toMatchObject({ message, syscall: 'bind', address: '127.0.0.1', port: address.port })
      expect((error as NodeJS.ErrnoException).errno).toBeLessThan(0)
    })

    it('listen() on an invalid target rejects at the line of the call, also in an async function', async () => {
      const start = async (): Promise<void> => {
        await Promise.resolve()
        await createWith().listen(8125 as never)
      }
      expectHere(await rejection(start()), 'ERR_SOCK_INVALID_ADDRESS', 'Invalid target: expected ":')
    })

    it.each(['host', 'ipv6Only', 'reuseAddress', 'reusePort'])(
      'createUdpServer() with "%s" among its options throws that it belongs to the target',
      (key) => {
        const error = thrown(() => createWith({ [key]: true }))
        const message = `it belongs to the target. Call listen({ port, ${key} })`
        expectHere(error, 'ERR_INVALID_ARG_VALUE', message)
      },
    )

    it('createUdpServer() with a wrong handler or option throws at the line of the call', () => {
      const none = thrown(() => createUdpServer(5 as never, options))
      expectHere(none, 'ERR_INVALID_ARG_TYPE', 'Invalid "handler": expected a function or an object')
      expectHere(
        thrown(() => createWith({ ttl: 0 })),
        'ERR_OUT_OF_RANGE',
        'Invalid "ttl"',
      )
    })
  })
}

function canReusePort(): boolean {
  try {
    checkReusePort(true)
    return true
  } catch {
    return false
  }
}

import { describe, expect, it } from '@jest/globals'
import type { DatagramHandler } from '@sock/core'
import { ipAddress } from '@sock/core/transport'
import { rejection } from '@sock/test-support/wait'
import { engines } from './support/engines.js'
import { bindPeer, serve } from './support/sockets.js'

describe('DatagramChannel.send (D7)', () => {
  it('DatagramChannel.send() reaches any address, also one that has sent nothing', async () => {
    const other = await bindPeer()
    const { address } = await serve({
      data: (channel, data) => channel.send(data, ipAddress('127.0.0.1', other.port)),
    })
    const peer = await bindPeer()
    peer.send('pass it on', address)
    expect(String(await other.next())).toBe('pass it on')
    expect(other.from[0]?.port).toBe(address.port)
    expect(peer.got).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ['a name', { family: 'ipv4', host: 'localhost', port: 9 }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['an empty host', { family: 'ipv4', host: '', port: 9 }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['a Unix address', { family: 'unix', path: '/run/app.sock' }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['something else', {}, 'ERR_SOCK_INVALID_ADDRESS'],
    ['a string that is none', '127.0.0.1', 'ERR_SOCK_INVALID_ADDRESS'],
    ['a name in a string', 'localhost:9', 'ERR_SOCK_INVALID_ADDRESS'],
    ['a string without a host', ':9', 'ERR_SOCK_INVALID_ADDRESS'],
    ['a path', '/run/app.sock', 'ERR_SOCK_INVALID_ADDRESS'],
    ['port 0 in a string', '127.0.0.1:0', 'ERR_SOCK_INVALID_ADDRESS'],
    ['IPv6 in a string from an IPv4 socket', '[::1]:9', 'ERR_SOCK_INVALID_ADDRESS'],
    ['a number', 9, 'ERR_INVALID_ARG_TYPE'],
    ['null', null, 'ERR_INVALID_ARG_TYPE'],
    ['port 0', { family: 'ipv4', host: '127.0.0.1', port: 0 }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['port 65536', { family: 'ipv4', host: '127.0.0.1', port: 65_536 }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['no port', { family: 'ipv4', host: '127.0.0.1' }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['IPv6 from an IPv4 socket', { family: 'ipv6', host: '::1', port: 9 }, 'ERR_SOCK_INVALID_ADDRESS'],
  ])('DatagramChannel.send() rejects %s, and the server lives', async (_, to, code) => {
    const codes: unknown[] = []
    const { address, server } = await serve({
      async data(channel, data) {
        codes.push((await rejection(channel.send(data, to as never))).code)
        await channel.write(data)
      },
    })
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await peer.next())).toBe('x')
    expect(codes).toEqual([code])
    expect(server.stats().sendQueueBytes).toBe(0)
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`DatagramChannel.send${name}`, () => {
    it.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]'])(
      'DatagramChannel.send() takes a string, as listen() does: %s',
      async (host) => {
        const other = await bindPeer(host === '[::1]' ? '::1' : '127.0.0.1')
        const handler: DatagramHandler = {
          data: (channel, data) => channel.send(data, `${host}:${other.port}`),
        }
        const { address } = await serve(handler, options, ':0')
        const peer = await bindPeer()
        peer.send('pass it on', { host: '127.0.0.1', port: address.port })
        expect(String(await other.next())).toBe('pass it on')
      },
    )
  })
}

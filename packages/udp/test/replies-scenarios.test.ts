import type { Datagram, DatagramChannel, DatagramHandler } from '@sock/core'
import { ipAddress } from '@sock/core/transport'
import { describe, expect, it } from '@jest/globals'
import { rejection, until } from '@sock/tools/testing/wait'
import { engines } from './support/engines.js'
import { bindPeer, dial, echo, serve } from './support/sockets.js'

const pause = (): Promise<void> => new Promise(setImmediate)

const FORMS: [string, DatagramHandler][] = [
  ['a loop over data', echo],
  [
    'a loop over datagrams that replies later',
    async (channel) => {
      for await (const datagram of channel.datagrams()) void pause().then(() => datagram.reply(datagram.data))
    },
  ],
  [
    'one read per run',
    async (channel) => {
      const data = await channel.read()
      await pause()
      if (data !== null) await channel.write(data)
    },
  ],
  [
    'one receive per run, and send()',
    async (channel) => {
      const datagram = await channel.receive()
      if (datagram?.remoteAddress !== undefined) await channel.send(datagram.data, datagram.remoteAddress)
    },
  ],
  ['callbacks', { data: (channel, data) => channel.write(data) }],
  [
    'slow callbacks',
    {
      async data(channel, data) {
        await pause()
        await channel.write(data)
      },
    },
  ],
]

describe('createUdpServer', () => {
  it.each(FORMS)(
    'createUdpServer() gives each of 50 concurrent senders exactly its own answers: %s',
    async (_, handler) => {
      const { address, server } = await serve(handler)
      const peers = await Promise.all(Array.from({ length: 50 }, () => bindPeer()))
      const expected = (port: number): string[] =>
        Array.from({ length: 10 }, (__, index) => `${port}#${index}`)
      await Promise.all(
        peers.map(async (peer) => {
          for (const text of expected(peer.port)) {
            peer.send(text, address)
            await peer.next()
          }
        }),
      )
      for (const { got, port } of peers) expect(got.map(String)).toEqual(expected(port))
      expect(server.stats()).toMatchObject({ datagramsReceived: 500, datagramsSent: 500, sendErrors: 0 })
    },
  )
})

describe('DatagramCallbacks.data', () => {
  it('the callback data distinguishes senders that differ in the address only', async () => {
    const { address } = await serve(
      { data: (channel, data, from) => channel.write(`${data} ${from}`) },
      {},
      '0.0.0.0:0',
    )
    const first = await bindPeer('127.0.0.1')
    const second = await bindPeer('127.0.0.2', { port: first.port })
    for (const peer of [first, second, first]) {
      peer.send('x', { host: '127.0.0.1', port: address.port })
      expect(String(await peer.next())).toBe(`x ${peer.socket.address().address}:${first.port}`)
    }
  })
})

describe('Datagram.reply', () => {
  it('Datagram.reply() answers its own sender after others were read', async () => {
    const kept: Datagram[] = []
    const { address } = await serve(async (channel) => {
      for await (const datagram of channel.datagrams()) kept.push(datagram)
    })
    const peers = [await bindPeer(), await bindPeer(), await bindPeer()]
    for (const peer of peers) {
      peer.send(`from ${peer.port}`, address)
      await until(() => kept.length === peers.indexOf(peer) + 1, 'it is read')
    }
    await Promise.all(kept.map((datagram) => datagram.reply(`re: ${datagram.data}`)))
    for (const peer of peers) expect(String(await peer.next())).toBe(`re: from ${peer.port}`)
    expect(kept.map(({ truncated }) => truncated)).toEqual([false, false, false])
  })

  it('Datagram.reply() rejects once the server is closed', async () => {
    const kept: Datagram[] = []
    const { address, server } = await serve(async (channel) => {
      for await (const datagram of channel.datagrams()) kept.push(datagram)
    })
    const peer = await bindPeer()
    peer.send('x', address)
    await until(() => kept.length === 1, 'it is read')
    await server.close()
    expect(await rejection(kept[0]!.reply('late'))).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
  })
})

describe('DatagramChannel.write', () => {
  it('DatagramChannel.write() rejects before anything was read, and the server stays open', async () => {
    const codes: unknown[] = []
    const { address } = await serve({
      async open(channel) {
        codes.push((await rejection(channel.write('hello?'))).code)
      },
      data: (channel, data) => channel.write(data),
    })
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await peer.next())).toBe('x')
    expect(codes).toEqual(['ERR_SOCK_NO_PEER_ADDRESS'])
  })

  it.each([
    ['a string', 'grüße', Buffer.from('grüße')],
    ['bytes', Uint8Array.of(0, 255, 10), Buffer.of(0, 255, 10)],
    ['a view into a larger buffer', new Uint8Array(Buffer.from('abcdef')).subarray(2, 4), Buffer.from('cd')],
    ['nothing', '', Buffer.alloc(0)],
  ])('sends %s as one datagram', async (_, data, expected) => {
    const { address } = await serve({ data: (channel) => channel.write(data) })
    const peer = await bindPeer()
    peer.send('x', address)
    expect(await peer.next()).toEqual(expected)
  })

  it.each([[undefined], [null], [5], [{}], [['x']], [new ArrayBuffer(2)]])(
    'DatagramChannel.write() rejects %p as data',
    async (data) => {
      const channel = await dial('127.0.0.1:9')
      expect(await rejection(channel.write(data as never))).toBeInstanceOf(TypeError)
      expect(await rejection(channel.send(data as never, channel.remoteAddress!))).toBeInstanceOf(TypeError)
      expect(channel.isOpen).toBe(true)
    },
  )
})

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
  ])('rejects %s, and the server lives', async (_, to, code) => {
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
      'sends to a string, as listen() takes it: %s',
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

    it('write() before anything was read says so', async () => {
      let channel: DatagramChannel | undefined
      await serve({ open: (opened) => void (channel = opened) }, options)
      const error = await rejection(channel?.write('x') as Promise<void>)
      expect(error).toMatchObject({ code: 'ERR_SOCK_NO_PEER_ADDRESS' })
      expect(error.message).toBe(
        'Cannot write: no datagram was read yet, so there is no sender to answer. Use send(data, to)',
      )
      expect(channel?.remoteAddress).toBeUndefined()
    })
  })
}

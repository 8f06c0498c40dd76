import { exchange, type ConnectionEvent } from '@sock/core'
import { describe, expect, it, jest } from '@jest/globals'
import { expectHere } from '@sock/test-support/errors'
import { later } from '@sock/test-support/resources'
import { rejection } from '@sock/test-support/wait'
import { Socket } from 'node:dgram'
import { connectUdp } from '../src/index.js'
import { engines } from './support/engines.js'
import { bindPeer, dial, refusingPort, serve, unusedPort } from './support/sockets.js'

const SILENT = { data() {} }

describe('connectUdp', () => {
  it('connectUdp() resolves with a channel with its addresses', async () => {
    const { address } = await serve()
    const channel = await dial(address)
    expect(channel.transport).toBe('udp')
    expect(channel.remoteAddress).toEqual(address)
    expect(channel.localAddress).toMatchObject({ family: 'ipv4', host: '127.0.0.1' })
    expect(channel.isOpen).toBe(true)
    expect(await dial(address).then(({ id }) => id)).not.toBe(channel.id)
  })

  it.each(['127.0.0.1', '[::1]', 'localhost', ''])('connectUdp() finds a server by "%s"', async (host) => {
    const { address } = await serve(undefined, {}, ':0')
    const channel = await dial(`${host}:${address.port}`)
    await channel.write('x')
    expect(String(await channel.read())).toBe('x')
    expect(String((await channel.write('y'), await channel.receive())?.data)).toBe('y')
  })

  it('connectUdp() receives from its peer only', async () => {
    const { address } = await serve()
    const channel = await dial(address)
    const stranger = await bindPeer()
    stranger.send(
      'spoofed',
      channel.localAddress as { host: string; port: number } & typeof channel.localAddress,
    )
    await channel.write('x')
    expect(String(await channel.read())).toBe('x')
  })

  it('connectUdp() gives a channel that sends to its peer only, also by send() and reply()', async () => {
    const { address } = await serve()
    const other = await serve()
    const channel = await dial(address)
    await channel.send('by send', address)
    const datagram = await channel.receive()
    expect(String(datagram?.data)).toBe('by send')
    await datagram?.reply('by reply')
    expect(String(await channel.read())).toBe('by reply')
    expect(await rejection(channel.send('x', other.address))).toMatchObject({
      code: 'ERR_SOCK_INVALID_ADDRESS',
    })
  })

  it.each([
    [''],
    ['localhost'],
    [':x'],
    ['127.0.0.1:65536'],
    [null],
    [{ host: 'x' }],
    [{ port: 9, reuseAddress: true }],
  ])('connectUdp() rejects %p as a target', async (target) => {
    const error = await rejection(connectUdp(target as string))
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
  })

  it('connectUdp() rejects port 0, on which no server can listen', async () => {
    expect((await rejection(connectUdp('127.0.0.1:0'))).code).toBe('ERR_SOCK_INVALID_ADDRESS')
  })

  it('connectUdp() rejects a name that does not exist', async () => {
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(
      (await rejection(connectUdp('does-not-exist.invalid:9'))).code,
    )
  })

  it('connectUdp() rejects with the reason of a signal that was aborted before, or while it looks a name up', async () => {
    const reason = new Error('changed my mind')
    expect(await rejection(connectUdp('127.0.0.1:9', { signal: AbortSignal.abort(reason) }))).toBe(reason)
    for (const target of ['127.0.0.1:9', 'localhost:9']) {
      const abort = new AbortController()
      const connecting = connectUdp(target, { signal: abort.signal })
      abort.abort(reason)
      expect(await rejection(connecting)).toBe(reason)
    }
  })

  it('connectUdp() leaves no socket if its signal is aborted while it binds', async () => {
    const reason = new Error('changed my mind')
    const abort = new AbortController()
    // oxlint-disable-next-line typescript/unbound-method -- it is called with its socket
    const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => void
    const spied = jest.spyOn(Socket.prototype, 'connect')
    later(() => spied.mockRestore())
    spied.mockImplementation(function (this: Socket, ...args: unknown[]) {
      abort.abort(reason)
      connect.apply(this, args)
    })
    expect(await rejection(connectUdp('127.0.0.1:9', { signal: abort.signal }))).toBe(reason)
    expect(spied).toHaveBeenCalledTimes(1)
  })

  it('connectUdp() is not disturbed by a signal that is aborted later', async () => {
    const { address } = await serve()
    const abort = new AbortController()
    const channel = await dial(address, { signal: abort.signal })
    abort.abort()
    await channel.write('x')
    expect(String(await channel.read())).toBe('x')
  })

  it('connectUdp() reports dial even if connecting fails', async () => {
    const events: ConnectionEvent[] = []
    const target = 'does-not-exist.invalid:9'
    await rejection(dial(target, { onState: (event) => void events.push(event) }))
    expect(events.map(({ state, remote }) => [state, String(remote)])).toEqual([['dial', target]])
  })
})

describe('a client without a server', () => {
  it('a client without a server gets the error from the waiting read, and stays open (D5)', async () => {
    const port = await unusedPort()
    const channel = await dial(`127.0.0.1:${port}`)
    const reading = channel.read()
    await channel.write('anybody?')
    expect(await rejection(reading)).toMatchObject({
      code: 'ECONNREFUSED',
      message: `Cannot reach "127.0.0.1:${port}": nothing listens there (ECONNREFUSED). Start the server, or check host and port`,
    })
    expect(channel.isOpen).toBe(true)
    await serve(undefined, {}, `127.0.0.1:${port}`)
    await channel.write('and now?')
    expect(String(await channel.read())).toBe('and now?')
  })

  it('a client without a server stays open, whether its writes reject or not', async () => {
    const channel = await dial(`127.0.0.1:${await refusingPort()}`)
    const reading = channel.read()
    const writes = await Promise.allSettled([
      channel.write('one'),
      channel.write('two'),
      channel.write('three'),
    ])
    expect(await rejection(reading)).toMatchObject({ code: 'ECONNREFUSED' })
    for (const result of writes) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ECONNREFUSED' })
    }
    expect(channel.isOpen).toBe(true)
  })
})

describe('DatagramChannel.close on a client', () => {
  it('close() of a client ends pending operations, and closes the file descriptor once', async () => {
    const { address } = await serve(SILENT)
    const channel = await dial(address)
    const reading = channel.read()
    const closing = [channel.close(), channel.close(), channel[Symbol.asyncDispose]()]
    expect(channel.isOpen).toBe(false)
    await Promise.all(closing)
    expect(await reading).toBe(null)
    expect(await channel.read()).toBe(null)
    for await (const _ of channel) throw new Error('Nothing can come')
    await channel.close()
    for (const sending of [channel.write('x'), channel.send('x', address)]) {
      expect(await rejection(sending)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    }
  })

  it('close() of a client sends what was written before', async () => {
    const peer = await bindPeer()
    const channel = await dial(`127.0.0.1:${peer.port}`)
    void channel.write('last words')
    await channel.close()
    expect(String(await peer.next())).toBe('last words')
  })
})

describe('exchange', () => {
  it('exchange() sends one datagram, and resolves with the answer', async () => {
    const { address } = await serve({ data: (channel, data) => channel.write(`re: ${data}`) })
    const channel = await dial(address)
    expect(String(await exchange(channel, 'x'))).toBe('re: x')
    expect(channel.isOpen).toBe(false)
  })

  it('exchange() resolves with an empty answer', async () => {
    const { address } = await serve()
    expect(await exchange(await dial(address), '')).toEqual(Buffer.alloc(0))
  })

  it('exchange() rejects when its signal is aborted, before or while it waits, and closes the channel', async () => {
    const { address } = await serve(SILENT)
    for (const before of [true, false]) {
      const channel = await dial(address)
      const abort = new AbortController()
      const reason = new Error('too slow')
      if (before) abort.abort(reason)
      const asking = exchange(channel, 'x', { signal: abort.signal })
      abort.abort(reason)
      expect(await rejection(asking)).toBe(reason)
      expect(channel.isOpen).toBe(false)
    }
  })

  it('exchange() rejects without a server, and closes the channel', async () => {
    const channel = await dial(`127.0.0.1:${await refusingPort()}`)
    expect(await rejection(exchange(channel, 'x'))).toMatchObject({ code: 'ECONNREFUSED' })
    expect(channel.isOpen).toBe(false)
  })

  it('exchange() rejects on a closed channel, and when the channel is closed meanwhile', async () => {
    const { address } = await serve(SILENT)
    const channel = await dial(address)
    const asking = exchange(channel, 'x')
    await channel.close()
    expect(await rejection(asking)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    expect(await rejection(exchange(channel, 'x'))).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`connectUdp${name} to an IPv4-mapped address`, () => {
    it.each(['[::ffff:127.0.0.1]', '[::FFFF:127.0.0.1]', '[::ffff:7f00:1]'])(
      'connectUdp() to an IPv4-mapped address finds %s',
      async (host) => {
        const { address } = await serve(undefined, options)
        const channel = await dial(`${host}:${address.port}`, options)
        await channel.write('x')
        expect(String(await channel.read())).toBe('x')
      },
    )
  })

  describeEngine(`errors at the caller${name}`, () => {
    it('connectUdp() to a broadcast address without the option rejects with a message that says what to do, at the line of the call', async () => {
      const error = await rejection(connectUdp('255.255.255.255:9', options))
      const message =
        'Cannot connect to "255.255.255.255:9": the system does not permit it (EACCES). For a broadcast address set the option "broadcast"'
      expectHere(error, 'EACCES', message)
      expect(error).toMatchObject({ syscall: 'connect', address: '255.255.255.255', port: 9 })
    })

    it('connectUdp() with a wrong target or option rejects at the line of the call', async () => {
      const noPort = rejection(connectUdp('127.0.0.1:0', options))
      expectHere(await noPort, 'ERR_SOCK_INVALID_ADDRESS', 'Cannot connect to "127.0.0.1:0"')
      const unknown = rejection(connectUdp(':1', { ...options, port: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "port" in connectUdp options')
    })
  })
}

import type { DatagramChannel, DatagramHandler } from '@sock/core'
import { describe, expect, it } from '@jest/globals'
import { rejection, thrown, until } from '@sock/tools/testing/wait'
import { createUdpServer } from '../src/index.js'
import { bindPeer, create, serve } from './support/sockets.js'

describe('createUdpServer with callbacks', () => {
  it('createUdpServer() with callbacks calls data with channel, bytes and sender, and write() answers', async () => {
    const seen: unknown[] = []
    const { address } = await serve({
      data(channel, data, from, truncated) {
        seen.push([String(data), String(from), truncated, String(channel.remoteAddress)])
        void channel.write(`re: ${data}`)
      },
    })
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await peer.next())).toBe('re: x')
    const sender = `127.0.0.1:${peer.port}`
    expect(seen).toEqual([['x', sender, false, sender]])
  })

  it('createUdpServer() with callbacks calls open once bound, and close once closed', async () => {
    const calls: unknown[] = []
    const { server } = create({
      open: (channel) => void calls.push(['open', channel.localAddress, channel.isOpen]),
      close: (channel) => void calls.push(['close', channel.localAddress, channel.isOpen]),
    })
    const address = await server.listen('127.0.0.1:0')
    await server.shutdown()
    expect(calls).toEqual([
      ['open', address, true],
      ['close', address, false],
    ])
  })

  it('createUdpServer() with callbacks passes the reason to close, if the server was closed', async () => {
    const errors: unknown[] = []
    const { server } = await serve({ close: (_, error) => void errors.push((error as never)?.['code']) })
    await server.close()
    expect(errors).toEqual(['ERR_SOCK_CLOSED'])
  })

  it('createUdpServer() with callbacks holds datagrams back while a promise of data is pending, so that write() answers the one at hand', async () => {
    let running = 0
    let most = 0
    const { address } = await serve({
      async data(channel, data) {
        most = Math.max(most, ++running)
        await new Promise(setImmediate)
        await channel.write(data)
        running -= 1
      },
    })
    const peers = await Promise.all(Array.from({ length: 5 }, () => bindPeer()))
    for (let round = 0; round < 10; round++) {
      for (const peer of peers) peer.send(`${round} of ${peer.port}`, address)
    }
    for (const peer of peers) {
      for (let round = 0; round < 10; round++) {
        expect(String(await peer.next())).toBe(`${round} of ${peer.port}`)
      }
    }
    expect(most).toBe(1)
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('failed')
      },
    ],
    ['rejects', () => Promise.reject(new Error('failed'))],
  ])('reports a data that %s, and goes on', async (_, fail) => {
    const { address, errors, server } = await serve({
      data: (channel, data) => (String(data) === 'bad' ? fail() : channel.write(data)) as Promise<void>,
    })
    const peer = await bindPeer()
    for (const text of ['bad', 'good', 'bad', 'better']) peer.send(text, address)
    expect([String(await peer.next()), String(await peer.next())]).toEqual(['good', 'better'])
    expect(errors.map(({ message }) => message)).toEqual(['failed', 'failed'])
    expect(server.stats().handlerErrors).toBe(2)
  })

  it.each<[string, DatagramHandler]>([
    [
      'open',
      {
        open: () => {
          throw new Error('failed')
        },
        data: (channel, data) => channel.write(data),
      },
    ],
    [
      'open',
      { open: () => Promise.reject(new Error('failed')), data: (channel, data) => channel.write(data) },
    ],
  ])('reports an %s that fails, and serves', async (_, handler) => {
    const { address, errors } = await serve(handler)
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await peer.next())).toBe('x')
    expect(errors.map(({ message }) => message)).toEqual(['failed'])
  })

  it('createUdpServer() with callbacks reports a close that fails, and ends all the same', async () => {
    const { server, errors } = await serve({ close: () => Promise.reject(new Error('failed')) })
    await server.shutdown()
    expect(errors.map(({ message }) => message)).toEqual(['failed'])
    expect(server.state).toBe('closed')
  })

  it('createUdpServer() with callbacks rejects read() and the like while there is a data callback', async () => {
    let channel: DatagramChannel | undefined
    await serve({ open: (opened) => void (channel = opened), data() {} })
    const reads = [channel?.read(), channel?.receive(), channel?.[Symbol.asyncIterator]().next()]
    for (const read of reads) expect(await rejection(read!)).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
  })

  it('createUdpServer() with callbacks lets open read in a loop when there is no data callback', async () => {
    const { address, server } = await serve({
      async open(channel) {
        for await (const data of channel) await channel.write(data)
      },
    })
    const peer = await bindPeer()
    for (const text of ['one', 'two']) {
      peer.send(text, address)
      expect(String(await peer.next())).toBe(text)
    }
    expect(await server.shutdown()).toMatchObject({ forced: 0 })
  })

  it('close() in data does not end the server', async () => {
    const { address, server } = await serve({
      async data(channel, data) {
        await channel.write(data)
        await channel.close()
      },
    })
    const peer = await bindPeer()
    for (const text of ['one', 'two']) {
      peer.send(text, address)
      expect(String(await peer.next())).toBe(text)
    }
    expect(server.state).toBe('listening')
  })
})

describe('createUdpServer', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /handler/],
    ['null', null, /handler/],
    ['a string', 'echo', /handler/],
    ['an object without callbacks', {}, /open, data, close/],
    ['a callback of streams', { drain() {} }, /drain/],
    ['a misspelt callback', { data() {}, onClose() {} }, /onClose/],
    ['a callback that is no function', { data: 1 }, /handler\.data/],
  ])('throws a TypeError for %s as a handler', (_, handler, message) => {
    const error = thrown(() => createUdpServer(handler as DatagramHandler))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(message)
  })

  it('createUdpServer() uses the callbacks as they were when it was called', async () => {
    const handler = { data: (channel: DatagramChannel, data: Buffer) => channel.write(data) }
    const { address, server } = await serve(handler)
    handler.data = () => Promise.reject(new Error('changed'))
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await peer.next())).toBe('x')
    await until(() => server.stats().datagramsSent === 1, 'the answer is counted')
  })
})

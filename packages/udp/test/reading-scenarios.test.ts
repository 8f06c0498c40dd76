import type { DatagramChannel } from '@sock/core'
import { describe, expect, it } from '@jest/globals'
import { rejection, until } from '@sock/tools/testing/wait'
import { bindPeer, dial, serve } from './support/sockets.js'

/** A server whose channel the test uses. */
async function serveByHand(): Promise<{ channel: DatagramChannel; address: { host: string; port: number } }> {
  let channel: DatagramChannel | undefined
  const { address } = await serve({ open: (opened) => void (channel = opened) })
  return { channel: channel!, address }
}

describe('DatagramChannel.read', () => {
  it('DatagramChannel.read() gives one datagram at a time, in order, empty ones included', async () => {
    const { channel, address } = await serveByHand()
    const peer = await bindPeer()
    for (const text of ['a', '', 'bc']) peer.send(text, address)
    expect(String(await channel.read())).toBe('a')
    expect(await channel.read()).toEqual(Buffer.alloc(0))
    expect(String(await channel.read())).toBe('bc')
  })

  it('DatagramChannel.read() rejects while another read waits, which is not disturbed', async () => {
    const { channel, address } = await serveByHand()
    const first = channel.read()
    const others = [channel.read(), channel.receive(), channel.datagrams()[Symbol.asyncIterator]().next()]
    for (const other of others)
      expect(await rejection(other)).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await first)).toBe('x')
  })

  it('DatagramChannel.read() gives buffers that are ours to keep', async () => {
    const { channel, address } = await serveByHand()
    const peer = await bindPeer()
    const texts = Array.from({ length: 50 }, (_, index) => `${index}`.repeat(100))
    const kept: (Buffer | null)[] = []
    for (const text of texts) {
      peer.send(text, address)
      kept.push(await channel.read())
    }
    expect(kept.map(String)).toEqual(texts)
  })

  it('DatagramChannel.read() sets remoteAddress to the sender', async () => {
    const { channel, address } = await serveByHand()
    expect(channel.remoteAddress).toBe(undefined)
    for (const peer of [await bindPeer(), await bindPeer()]) {
      peer.send('x', address)
      await channel.read()
      expect(String(channel.remoteAddress)).toBe(`127.0.0.1:${peer.port}`)
    }
  })
})

describe('DatagramChannel.receive', () => {
  it('DatagramChannel.receive() gives data and sender, frozen and printable', async () => {
    const { channel, address } = await serveByHand()
    const peer = await bindPeer()
    peer.send('x', address)
    const datagram = await channel.receive()
    expect(datagram?.data).toEqual(Buffer.from('x'))
    expect(datagram?.remoteAddress).toEqual({ family: 'ipv4', host: '127.0.0.1', port: peer.port })
    expect(String(datagram?.remoteAddress)).toBe(`127.0.0.1:${peer.port}`)
    expect(Object.isFrozen(datagram?.remoteAddress)).toBe(true)
    expect(datagram?.truncated).toBe(false)
  })
})

describe('DatagramChannel[Symbol.asyncIterator]', () => {
  it('iteration over a channel may be left early, and another read continues', async () => {
    const seen: string[] = []
    const { address, server } = await serve(async (channel) => {
      for await (const data of channel) {
        seen.push(`first ${data}`)
        break
      }
      for await (const { data } of channel.datagrams()) {
        seen.push(`second ${data}`)
        break
      }
      seen.push(`third ${await channel.read()}`)
      await channel.write('done')
    })
    const peer = await bindPeer()
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) peer.send(text, address)
    await peer.next()
    await peer.next()
    expect(seen).toEqual(['first a', 'second b', 'third c', 'first d', 'second e', 'third f'])
    expect(server.state).toBe('listening')
  })
})

describe('DatagramChannel.data', () => {
  it('DatagramChannel.data belongs to the user', async () => {
    const channel = await dial('127.0.0.1:9')
    expect(channel.data).toBe(undefined)
    channel.data = { any: 'thing' }
    expect(channel.data).toEqual({ any: 'thing' })
  })
})

describe('DatagramChannel.signal', () => {
  it('DatagramChannel.signal says that the server drains, also when first asked for afterwards', async () => {
    let channel: DatagramChannel | undefined
    const { server } = await serve({ open: (opened) => void (channel = opened) })
    const { signal } = channel!
    expect(signal.aborted).toBe(false)
    const shutdown = server.shutdown()
    await until(() => signal.aborted, 'the signal fires')
    expect(signal.reason).toMatchObject({ code: 'ERR_SOCK_DRAINING' })
    await shutdown
    expect(channel?.signal).toBe(signal)
  })

  it('DatagramChannel.signal says that a client was closed', async () => {
    const channel = await dial('127.0.0.1:9')
    await channel.close()
    expect(channel.signal.aborted).toBe(true)
    expect(channel.signal.reason).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
  })
})

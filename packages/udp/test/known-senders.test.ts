import { describe, expect, it } from '@jest/globals'
import type { Datagram } from '@sock/core'
import { until } from '@sock/test-support/wait'
import { bindPeer, serve } from './support/sockets.js'

describe('KnownSenders', () => {
  it('senders that differ in the address only are told apart, and each gets its answer', async () => {
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

  it('a sender has one address, frozen and printable, as long as it is known', async () => {
    const kept: Datagram[] = []
    const { address } = await serve(async (channel) => {
      for await (const datagram of channel.datagrams()) kept.push(datagram)
    })
    const peer = await bindPeer()
    for (const text of ['x', 'y']) peer.send(text, address)
    await until(() => kept.length === 2, 'both arrive')
    const [first, second] = kept.map(({ remoteAddress }) => remoteAddress)
    expect(first).toEqual({ family: 'ipv4', host: '127.0.0.1', port: peer.port })
    expect(String(first)).toBe(`127.0.0.1:${peer.port}`)
    expect(Object.isFrozen(first)).toBe(true)
    expect(second).toBe(first)
  })
})

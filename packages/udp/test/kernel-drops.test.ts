import { describe, expect, it } from '@jest/globals'
import { until } from '@sock/test-support/wait'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { kernelDrops } from '../src/lib/kernel-drops.js'
import { bindPeer, serve } from './support/sockets.js'

const itOnLinux = process.platform === 'linux' ? it : it.skip

/** The last column of the socket's line in /proc/net/udp: what the kernel dropped (proc_net_udp(5)). */
function dropsOf(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const lines = readFileSync('/proc/net/udp', 'utf8').split('\n')
  return Number(
    lines
      .find((line) => line.includes(`:${hex} 00000000:0000`))
      ?.trim()
      .split(/\s+/)
      .at(-1),
  )
}

describe('kernelDrops', () => {
  it('kernelDrops() is undefined for a socket that is not bound, or closed', async () => {
    const socket = createSocket('udp4')
    expect(kernelDrops(socket, 'udp4')).toBe(undefined)
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    expect(kernelDrops(socket, 'udp4')).toBe(process.platform === 'linux' ? 0 : undefined)
    // It is not in that table.
    expect(kernelDrops(socket, 'udp6')).toBe(undefined)
    await new Promise<void>((resolve) => socket.close(resolve))
    expect(kernelDrops(socket, 'udp4')).toBe(undefined)
  })
})

describe('stats().datagramsDropped.kernel (D4)', () => {
  itOnLinux(
    'stats().datagramsDropped.kernel is what the kernel dropped in a flood while the loop was blocked, also after the end',
    async () => {
      const { server, address } = await serve({ data() {} })
      const other = await serve({ data() {} })
      const peer = await bindPeer()
      // All in one turn of the loop: the server cannot read in between.
      for (let count = 0; count < 3_000; count++) peer.send(Buffer.alloc(1024), address)
      // Node sends at the end of this turn, all at once.
      await new Promise<void>((resolve) => process.nextTick(resolve))
      const dropped = dropsOf(address.port)
      expect(dropped).toBeGreaterThan(0)
      expect(server.stats().datagramsDropped.kernel).toBe(dropped)
      await until(() => server.stats().datagramsReceived + dropped === 3_000, 'the rest is received')
      expect(other.server.stats().datagramsDropped.kernel).toBe(0)
      await server.close()
      expect(server.stats().datagramsDropped.kernel).toBe(dropped)
      await server.listen('[::1]:0')
      expect(server.stats().datagramsDropped.kernel).toBe(dropped)
    },
  )

  itOnLinux('stats().datagramsDropped.kernel is known for IPv6 too', async () => {
    const { server, address } = await serve({ data() {} }, {}, '[::1]:0')
    const peer = await bindPeer('::1')
    for (let count = 0; count < 3_000; count++) peer.send(Buffer.alloc(1024), address)
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const dropped = server.stats().datagramsDropped.kernel
    expect(dropped).toBeGreaterThan(0)
    await until(() => server.stats().datagramsReceived + dropped === 3_000, 'the rest is received')
  })

  itOnLinux(
    'stats().datagramsDropped.kernel is known of a closed server, though stats() was not called before',
    async () => {
      const { server, address } = await serve({ data() {} })
      const peer = await bindPeer()
      for (let count = 0; count < 3_000; count++) peer.send(Buffer.alloc(1024), address)
      await new Promise<void>((resolve) => process.nextTick(resolve))
      const dropped = dropsOf(address.port)
      await server.close()
      expect(dropped).toBeGreaterThan(0)
      expect(server.stats().datagramsDropped.kernel).toBe(dropped)
    },
  )
})

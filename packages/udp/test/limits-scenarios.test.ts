import { describe, expect, it } from '@jest/globals'
import { rejection, until } from '@sock/tools/testing/wait'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { kernelDrops } from '../src/lib/kernel-drops.js'
import { bindPeer, dial, echo, serve } from './support/sockets.js'

const itOnLinux = process.platform === 'linux' ? it : it.skip
/** What a datagram that waits costs beside its bytes. */
const OVERHEAD = 128

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

/** A handler that reads only when the test asks for it. */
function gated(): { handler: { data(): Promise<void> }; seen: () => number; open: () => void } {
  let seen = 0
  let open = (): void => undefined
  const gate = new Promise<void>((resolve) => (open = resolve))
  return {
    handler: {
      data: () => {
        seen += 1
        return gate
      },
    },
    seen: () => seen,
    open: () => open(),
  }
}

describe('maxQueuedBytes', () => {
  it.each([
    ['of 100 bytes', 100, 10],
    ['that are empty', 0, 10],
  ])(
    'maxQueuedBytes bounds what waits for a slow handler, and counts what is dropped: datagrams %s',
    async (_, size, room) => {
      const { handler, seen, open } = gated()
      const { server, address } = await serve(handler, { maxQueuedBytes: room * (size + OVERHEAD) })
      const peer = await bindPeer()
      for (let count = 0; count < 30; count++) peer.send(Buffer.alloc(size), address)
      await until(() => server.stats().datagramsReceived === 30, 'all have come')
      // One is with the handler, ten wait.
      expect(server.stats().datagramsDropped.queueFull).toBe(30 - 1 - room)
      open()
      await until(() => seen() === 1 + room, 'those that waited are handled')
      peer.send('one more', address)
      await until(() => seen() === 2 + room, 'there is room again')
      expect(server.stats().datagramsDropped.queueFull).toBe(30 - 1 - room)
    },
  )

  it('maxQueuedBytes lets one datagram wait, however large', async () => {
    const { handler, seen, open } = gated()
    const { server, address } = await serve(handler, { maxQueuedBytes: 1 })
    const peer = await bindPeer()
    for (let count = 0; count < 3; count++) peer.send(Buffer.alloc(9000), address)
    await until(() => server.stats().datagramsReceived === 3, 'all have come')
    open()
    await until(() => seen() === 2, 'the one that waited is handled')
    expect(server.stats().datagramsDropped.queueFull).toBe(1)
  })

  it('maxQueuedBytes of Infinity drops nothing', async () => {
    const { handler, seen, open } = gated()
    const { server, address } = await serve(handler, { maxQueuedBytes: Infinity })
    const peer = await bindPeer()
    for (let count = 0; count < 50; count++) peer.send('x', address)
    await until(() => server.stats().datagramsReceived === 50, 'all have come')
    open()
    await until(() => seen() === 50, 'all are handled')
    expect(server.stats().datagramsDropped.queueFull).toBe(0)
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
})

describe('stats() of a closed server', () => {
  itOnLinux('know what the kernel dropped, though nobody asked before', async () => {
    const { server, address } = await serve({ data() {} })
    const peer = await bindPeer()
    for (let count = 0; count < 3_000; count++) peer.send(Buffer.alloc(1024), address)
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const dropped = dropsOf(address.port)
    await server.close()
    expect(dropped).toBeGreaterThan(0)
    expect(server.stats().datagramsDropped.kernel).toBe(dropped)
  })
})

describe('kernelDrops', () => {
  it('kernelDrops does not know of a socket that is not bound, or closed', async () => {
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

describe('the size of datagrams (D2, D3)', () => {
  it.each([
    ['127.0.0.1:0', 0],
    ['127.0.0.1:0', 1],
    ['127.0.0.1:0', 8192],
    ['127.0.0.1:0', 65_507],
    ['[::1]:0', 0],
    ['[::1]:0', 65_507],
    ['[::1]:0', 65_527],
  ])('the size of datagrams on %s may be %d bytes, there and back', async (target, size) => {
    const { address } = await serve(echo, {}, target)
    const channel = await dial(address)
    const data = Buffer.alloc(size, 'abc')
    await channel.write(data)
    expect(data.equals((await channel.read())!)).toBe(true)
  })

  it.each([
    ['127.0.0.1:0', 65_508],
    ['127.0.0.1:0', 1_000_000],
    ['[::1]:0', 65_528],
  ])(
    'the size of datagrams on %s may not be %d bytes: the write rejects, and the socket lives',
    async (target, size) => {
      const { address } = await serve(echo, {}, target)
      const channel = await dial(address)
      const error = await rejection(channel.write(Buffer.alloc(size)))
      expect(error).toMatchObject({ code: 'ERR_SOCK_MESSAGE_TOO_LARGE' })
      expect(error.message).toContain(`${size} bytes`)
      await channel.write('small')
      expect(String(await channel.read())).toBe('small')
    },
  )

  it('the size of datagrams is limited by the family of the receiver, on a socket for both', async () => {
    const codes: unknown[] = []
    const { address } = await serve(
      {
        async data(channel) {
          codes.push(await rejection(channel.write(Buffer.alloc(65_520))))
          await channel.write('alive')
        },
      },
      {},
      ':0',
    )
    const peer = await bindPeer('127.0.0.1')
    peer.send('x', { host: '127.0.0.1', port: address.port })
    expect(String(await peer.next())).toBe('alive')
    expect(codes).toEqual([expect.objectContaining({ code: 'ERR_SOCK_MESSAGE_TOO_LARGE' })])
    expect((codes[0] as Error).cause).toMatchObject({ code: 'EMSGSIZE' })
  })
})

describe('the send queue (D9)', () => {
  it('the send queue takes 4 MiB, then refuses with ERR_SOCK_BACKPRESSURE until there is room', async () => {
    const peer = await bindPeer()
    const channel = await dial(`127.0.0.1:${peer.port}`)
    const size = 64 * 1024 - 512
    const room = Math.floor((4 * 1024 * 1024) / size)
    const sends = Array.from({ length: room + 3 }, () => channel.write(Buffer.alloc(size)))
    const results = await Promise.allSettled(sends)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(room)
    const refused = results.slice(room).map((result) => (result as PromiseRejectedResult).reason.code)
    expect(refused).toEqual(Array(3).fill('ERR_SOCK_BACKPRESSURE'))
    await channel.write('there is room again')
  })

  it('the send queue settles every promise when close() comes in the same tick as 2,000 sends', async () => {
    const peer = await bindPeer()
    const channel = await dial(`127.0.0.1:${peer.port}`)
    const sends = Array.from({ length: 2_000 }, () => channel.write('x'))
    const closing = channel.close()
    const late = channel.write('late')
    const results = await Promise.allSettled(sends)
    await closing
    expect(results).toHaveLength(2_000)
    expect(results.every(({ status }) => status === 'fulfilled')).toBe(true)
    expect(await rejection(late)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
  })

  it('the send queue settles every promise when the server is closed in the same tick as 2,000 sends', async () => {
    const peer = await bindPeer()
    let sends: Promise<void>[] = []
    let closing: Promise<void> | undefined
    const { server, address } = await serve({
      data(channel) {
        sends = Array.from({ length: 2_000 }, () => channel.write('x'))
        closing = server.close()
      },
    })
    peer.send('go', address)
    await until(() => closing !== undefined, 'the handler runs')
    await closing
    const results = await Promise.allSettled(sends)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    }
    const { datagramsSent, sendErrors, sendQueueBytes } = server.stats()
    expect([datagramsSent + sendErrors, sendQueueBytes]).toEqual([2_000, 0])
  })
})

import type { DatagramChannel, ShutdownReport } from '@sock/core'
import { describe, expect, it } from '@jest/globals'
import { rejection, until } from '@sock/tools/testing/wait'
import { bindPeer, echo, serve } from './support/sockets.js'

/** A handler that works on each datagram until it is released. */
function slow(): {
  handler: (channel: DatagramChannel) => Promise<void>
  started: () => number
  done: () => number
  release: () => void
} {
  let started = 0
  let done = 0
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  return {
    async handler(channel) {
      const data = await channel.read()
      started += 1
      await released
      if (data !== null) await channel.write(data)
      done += 1
    },
    started: () => started,
    done: () => done,
    release: () => release(),
  }
}

const report = (idle: number, drained: number, forced: number): ShutdownReport => ({ idle, drained, forced })

describe('UdpServer.shutdown', () => {
  it.each<[string, Parameters<typeof serve>[0]]>([
    ['a loop that waits', echo],
    ['no run', async (channel) => void (await channel.read())],
    ['callbacks', { data() {} }],
    ['a loop in open', { open: echo }],
  ])('reports an idle server: %s', async (_, handler) => {
    const { server, address, states } = await serve(handler)
    const peer = await bindPeer()
    peer.send('x', address)
    await until(() => server.stats().datagramsReceived === 1, 'it has come')
    await new Promise(setImmediate)
    expect(await server.shutdown()).toEqual(report(1, 0, 0))
    expect(states).toEqual(['starting', 'listening', 'draining', 'closed'])
    expect([server.state, server.openConnections, server.address]).toEqual(['closed', 0, undefined])
  })

  it('UdpServer.shutdown() waits for the handler that runs, whose answer still leaves', async () => {
    const { handler, started, done, release } = slow()
    const { server, address } = await serve(handler)
    const peer = await bindPeer()
    peer.send('x', address)
    await until(() => started() === 1, 'the handler runs')
    const shutdown = server.shutdown()
    expect([server.state, server.openConnections]).toEqual(['draining', 1])
    release()
    expect(await shutdown).toEqual(report(0, 1, 0))
    expect(done()).toBe(1)
    expect(String(await peer.next())).toBe('x')
  })

  it.each<[string, (work: ReturnType<typeof slow>) => Parameters<typeof serve>[0]]>([
    ['one run each', ({ handler }) => handler],
    ['callbacks', ({ handler }) => ({ data: (channel, data) => handler(fake(channel, data)) })],
    [
      'a loop',
      ({ handler }) =>
        async (channel) => {
          for await (const data of channel) await handler(fake(channel, data))
        },
    ],
    [
      'a loop in open',
      ({ handler }) => ({
        async open(channel) {
          for await (const data of channel) await handler(fake(channel, data))
        },
      }),
    ],
  ])('still has queued datagrams handled, and takes no new ones: %s', async (_, make) => {
    const work = slow()
    const { server, address } = await serve(make(work))
    const peer = await bindPeer()
    for (const text of ['a', 'b', 'c']) peer.send(text, address)
    await until(() => server.stats().datagramsReceived === 3 && work.started() === 1, 'two wait')
    const shutdown = server.shutdown()
    peer.send('too late', address)
    await until(() => server.stats().datagramsDropped.closing === 1, 'it is dropped')
    work.release()
    expect(await shutdown).toEqual(report(0, 1, 0))
    expect([await peer.next(), await peer.next(), await peer.next()].map(String)).toEqual(['a', 'b', 'c'])
    expect(server.stats()).toMatchObject({ datagramsReceived: 4, datagramsSent: 3 })
  })

  it('UdpServer.shutdown() closes at the deadline, and rejects with the report', async () => {
    const { handler, started, release } = slow()
    const { server, address, errors } = await serve(handler)
    const peer = await bindPeer()
    for (const text of ['a', 'b', 'c']) peer.send(text, address)
    await until(() => started() === 1 && server.stats().datagramsReceived === 3, 'the handler runs')
    const error = await rejection(server.shutdown({ timeout: 20 }))
    expect(error).toMatchObject({ code: 'ERR_SOCK_SHUTDOWN_TIMEOUT', report: report(0, 0, 1) })
    expect(server.state).toBe('closed')
    expect(server.stats().datagramsDropped.closing).toBe(2)
    release()
    await until(() => started() === 1, 'the handler ends')
    expect(errors).toEqual([])
  })

  it('UdpServer.shutdown() counts a handler that was idle, and then did not end, as forced', async () => {
    const { server } = await serve({
      async open(channel) {
        await channel.read()
        await new Promise(() => {})
      },
    })
    expect(await rejection(server.shutdown({ timeout: 20 }))).toMatchObject({ report: report(0, 0, 1) })
  })

  it('UdpServer.shutdown() is cut short by its signal', async () => {
    const { handler, started } = slow()
    const { server, address } = await serve(handler)
    const peer = await bindPeer()
    peer.send('x', address)
    await until(() => started() === 1, 'the handler runs')
    const abort = new AbortController()
    const shutdown = server.shutdown({ signal: abort.signal })
    abort.abort()
    expect(await rejection(shutdown)).toMatchObject({ report: report(0, 0, 1) })
  })

  it('UdpServer.shutdown() is cut short by close()', async () => {
    const { handler, started } = slow()
    const { server, address } = await serve(handler)
    const peer = await bindPeer()
    peer.send('x', address)
    await until(() => started() === 1, 'the handler runs')
    const shutdown = server.shutdown()
    await server.close()
    expect(await rejection(shutdown)).toMatchObject({ report: report(0, 0, 1) })
    expect(server.state).toBe('closed')
  })

  it('UdpServer.shutdown() may be called in a handler that does not wait for it', async () => {
    let shutdown: Promise<ShutdownReport> | undefined
    const { server, address } = await serve(async (channel) => {
      const data = await channel.read()
      shutdown = server.shutdown()
      await channel.write(data ?? '')
    })
    const peer = await bindPeer()
    peer.send('stop', address)
    expect(String(await peer.next())).toBe('stop')
    expect(await shutdown).toEqual(report(0, 1, 0))
  })

  it('UdpServer.shutdown() shares one result among concurrent calls, and resolves at once when nothing runs', async () => {
    const { server } = await serve()
    const reports = await Promise.all([server.shutdown(), server.shutdown(), server[Symbol.asyncDispose]()])
    expect(reports).toEqual([report(1, 0, 0), report(1, 0, 0), undefined])
    expect(await server.shutdown()).toEqual(report(0, 0, 0))
  })
})

describe('UdpServer.close', () => {
  it.each<[string, (server: () => Promise<void>) => Parameters<typeof serve>[0]]>([
    [
      'a function',
      (close) => async (channel) => {
        await channel.read()
        await close()
      },
    ],
    ['a callback', (close) => ({ data: close })],
  ])('may be awaited in %s', async (_, make) => {
    let closed = false
    const running = await serve(
      make(async () => {
        await running.server.close()
        closed = true
      }),
    )
    const peer = await bindPeer()
    peer.send('stop', running.address)
    await running.server.closed
    await until(() => closed, 'the handler goes on')
    expect(running.errors).toEqual([])
  })

  it('ends a loop without reporting an error', async () => {
    const codes: unknown[] = []
    const { server, address, errors } = await serve(async (channel) => {
      try {
        await echo(channel)
      } catch (error) {
        codes.push((error as { code: unknown }).code)
        throw error
      }
    })
    const peer = await bindPeer()
    peer.send('x', address)
    await peer.next()
    await server.close()
    await until(() => codes.length === 1, 'the loop ends')
    expect(codes).toEqual(['ERR_SOCK_CLOSED'])
    expect([errors, server.stats().handlerErrors]).toEqual([[], 0])
  })

  it('UdpServer.close() does nothing twice, nor before the start', async () => {
    const { server, states } = await serve()
    await Promise.all([server.close(), server.close()])
    await server.close()
    expect(states).toEqual(['starting', 'listening', 'draining', 'closed'])
  })
})

/** The channel, as if `data` were read from it. */
function fake(channel: DatagramChannel, data: Buffer): DatagramChannel {
  return { read: () => Promise.resolve(data), write: (bytes: Buffer) => channel.write(bytes) } as never
}

import type { ConnectionEvent } from '@sock/core'
import { describe, expect, it, jest } from '@jest/globals'
import { later } from '@sock/tools/testing/resources'
import { rejection, until } from '@sock/tools/testing/wait'
import { bindPeer, create, dial, echo, serve } from './support/sockets.js'

describe('UdpServer.state', () => {
  it('UdpServer.state goes through each state once per run, with a line for a log', async () => {
    const { server } = create()
    const lines: unknown[] = []
    server.on('state', (state, message) => void lines.push([state, message, server.state]))
    const first = await server.listen('127.0.0.1:0')
    await server.shutdown()
    const second = await server.listen('[::1]:0')
    await server.close()
    const run = (address: unknown, idle: number): string[][] => [
      ['starting', 'Starting udp', 'starting'],
      ['listening', `Listening on udp ${address}`, 'listening'],
      ['draining', `Draining udp ${address}: 1 open connection`, 'draining'],
      ['closed', `Closed udp: ${idle} idle, 0 drained, 0 forced`, 'closed'],
    ]
    expect(lines).toEqual([...run(first, 1), ...run(second, 0)])
  })

  it('has the facts of a datagram server', async () => {
    const { server } = create()
    expect([server.transport, server.secure, server.openConnections]).toEqual(['udp', false, 0])
    await server.listen('127.0.0.1:0')
    expect(server.openConnections).toBe(1)
    await server.shutdown()
    expect([server.openConnections, server.stats().open]).toEqual([0, 0])
  })
})

describe('UdpServer.listen', () => {
  it('UdpServer.listen() rejects while the server listens, and disturbs nothing', async () => {
    const { server, address } = await serve()
    const error = await rejection(server.listen('127.0.0.1:0'))
    expect(error).toMatchObject({
      code: 'ERR_SOCK_INVALID_STATE',
      message: 'Cannot listen: the server is listening. Call close() and await it before you listen again',
    })
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await peer.next())).toBe('x')
  })

  it('UdpServer.listen() rejects while the server starts or drains', async () => {
    const { server } = create()
    const starting = server.listen('127.0.0.1:0')
    expect(await rejection(server.listen('127.0.0.1:0'))).toMatchObject({ message: /server is starting/ })
    await starting
    const shutdown = server.shutdown()
    expect(await rejection(server.listen('127.0.0.1:0'))).toMatchObject({ message: /server is draining/ })
    await shutdown
  })

  it('UdpServer.listen() rejects with the reason of a signal that was aborted before, or while it starts', async () => {
    const reason = new Error('changed my mind')
    const { server, states } = create()
    expect(await rejection(server.listen('127.0.0.1:0', { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(states).toEqual([])
    const abort = new AbortController()
    const listening = server.listen('127.0.0.1:0', { signal: abort.signal })
    abort.abort(reason)
    expect(await rejection(listening)).toBe(reason)
    expect([server.state, server.openConnections]).toEqual(['idle', 0])
  })

  it('UdpServer.listen() shuts down when its signal is aborted later', async () => {
    const { server } = create()
    const abort = new AbortController()
    await server.listen('127.0.0.1:0', { signal: abort.signal })
    abort.abort()
    await server.closed
    expect(server.state).toBe('closed')
  })

  it.each(['close', 'shutdown'] as const)(
    'UdpServer.listen() rejects when %s() comes while it starts',
    async (stop) => {
      const { server } = create()
      const listening = server.listen('127.0.0.1:0')
      const stopped = server[stop]()
      expect(await rejection(listening)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
      await stopped
      expect(server.state).toBe('idle')
    },
  )

  it('UdpServer.listen() can be repeated, also on the same port', async () => {
    const { server } = create()
    const address = await server.listen('127.0.0.1:0')
    for (let run = 0; run < 5; run++) {
      const peer = await bindPeer()
      peer.send(`${run}`, address)
      expect(String(await peer.next())).toBe(`${run}`)
      await (run % 2 === 0 ? server.close() : server.shutdown())
      await server.listen(address)
    }
  })
})

describe('UdpServer.stats', () => {
  it('UdpServer.stats() counts on from run to run', async () => {
    const { server } = create(async (channel) => {
      const data = await channel.read()
      await channel.write(data ?? '')
      if (String(data) === 'bad') throw new Error('bad')
    })
    for (const run of [1, 2]) {
      const address = await server.listen('127.0.0.1:0')
      const peer = await bindPeer()
      for (const text of ['good', 'bad']) {
        peer.send(text, address)
        await peer.next()
      }
      await until(() => server.stats().handlerErrors === run, 'the failure is counted')
      await server.shutdown()
      expect(server.stats()).toEqual({
        open: 0,
        handlerErrors: run,
        datagramsReceived: 2 * run,
        datagramsSent: 2 * run,
        datagramsDropped: { queueFull: 0, unread: 0, closing: 0, kernel: 0 },
        sendErrors: 0,
        sendQueueBytes: 0,
        bytesRead: 7 * run,
        bytesWritten: 7 * run,
      })
    }
  })

  it('UdpServer.stats() counts sends that failed', async () => {
    const { server, address } = await serve({
      data: (channel) => channel.send('x', { family: 'ipv4', host: '255.255.255.255', port: 9 }),
    })
    const peer = await bindPeer()
    peer.send('x', address)
    await until(() => server.stats().sendErrors === 1, 'the failure is counted')
    expect(server.stats()).toMatchObject({ handlerErrors: 1, datagramsSent: 0, sendQueueBytes: 0 })
  })

  it('UdpServer.stats() is a copy', async () => {
    const { server } = await serve()
    const stats = server.stats() as { open: number; datagramsDropped: { unread: number } }
    stats.open = 5
    stats.datagramsDropped.unread = 5
    expect(server.stats()).toMatchObject({ open: 1, datagramsDropped: { unread: 0 } })
  })
})

describe('UdpServer.on', () => {
  it("'connection' tells of new, handler, read, write and close, with whom it was", async () => {
    const { server, address, events } = await serve()
    const peers = [await bindPeer(), await bindPeer()]
    for (const peer of peers) {
      peer.send('x', address)
      await peer.next()
    }
    await server.shutdown()
    const [first, second] = peers.map(({ port }) => `127.0.0.1:${port}`)
    expect(events.map(({ state, remote }) => [state, remote && String(remote)])).toEqual([
      ['new', undefined],
      ['handler', undefined],
      ['read', first],
      ['write', first],
      ['read', second],
      ['write', second],
      ['close', undefined],
    ])
    expect(new Set(events.map(({ id }) => id)).size).toBe(1)
    expect(events.every(({ local }) => String(local) === String(address))).toBe(true)
    expect(events.at(-1)?.reason).toBe('ended')
    expect(events.slice(0, -1).every((event) => !('reason' in event))).toBe(true)
  })

  it("'connection' counts openly: 1 in new, 0 in close", async () => {
    const { server } = create()
    const counts: unknown[] = []
    server.on('connection', ({ state }) => void counts.push([state, server.openConnections]))
    await server.listen('127.0.0.1:0')
    await server.close()
    expect(counts).toEqual([
      ['new', 1],
      ['handler', 1],
      ['close', 0],
    ])
  })

  it("'connection' tells why it was closed", async () => {
    const { server, events } = await serve()
    await server.close()
    expect(events.at(-1)).toMatchObject({ state: 'close', reason: 'closed' })
  })

  it('UdpServer.on() survives observers that throw, and forgets those that have left', async () => {
    const { server, address } = await serve()
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    later(() => warn.mockRestore())
    const leave = server.on('connection', () => {
      throw new Error('observer')
    })
    const peer = await bindPeer()
    peer.send('x', address)
    await peer.next()
    expect(warn.mock.calls.map(([warning]) => String(warning)).join()).toContain('observer')
    leave()
    const warned = warn.mock.calls.length
    peer.send('x', address)
    await peer.next()
    expect([warn.mock.calls.length, server.state]).toEqual([warned, 'listening'])
  })
})

describe('connectUdp', () => {
  it('connectUdp() reports dial, new, handler, write, read and close', async () => {
    const { address } = await serve()
    const events: ConnectionEvent[] = []
    const channel = await dial(address, { onState: (event) => void events.push(event) })
    await channel.write('x')
    await channel.read()
    await channel.close()
    expect(events.map(({ state }) => state)).toEqual(['dial', 'new', 'handler', 'write', 'read', 'close'])
    expect(events.every(({ remote }) => String(remote) === String(address))).toBe(true)
    expect(new Set(events.map(({ id }) => id))).toEqual(new Set([channel.id]))
    expect(events.map(({ local }) => local === undefined)).toEqual([true, false, false, false, false, false])
  })

  it('connectUdp() reports dial even if connecting fails', async () => {
    const events: ConnectionEvent[] = []
    const target = 'does-not-exist.invalid:9'
    await rejection(dial(target, { onState: (event) => void events.push(event) }))
    expect(events.map(({ state, remote }) => [state, String(remote)])).toEqual([['dial', target]])
  })
})

describe('echo', () => {
  it('a handler function echo is one function for all runs', async () => {
    const first = await serve(echo)
    const second = await serve(echo)
    for (const { address } of [first, second]) {
      const channel = await dial(address)
      await channel.write('x')
      expect(String(await channel.read())).toBe('x')
    }
  })
})

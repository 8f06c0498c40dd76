import { exchange } from '@sock/core'
import assert from 'node:assert/strict'
import { assertCame, codesOf, keptOf } from './survival.js'
import { echo, gate } from '../handlers.js'
import { defineDatagramSuite } from '../stage.js'
import { eventually, ignore, rejectsWith, soon } from '../wait.js'

/** States, limits, counting and observation of a datagram server. */
export const datagramServer = defineDatagramSuite('a server', {
  'states come once each, in order, with a line for a log, and openConnections is 1 while listening': async ({
    fixture,
  }) => {
    const server = fixture.createServer(echo)
    const { transport } = server
    const seen: string[] = []
    server.on('state', (state, line) => seen.push(`${state} ${server.openConnections} ${line}`))
    for (let run = 1; run <= 2; run++) {
      const address = await server.listen(fixture.target())
      assert.deepEqual(server.address, address)
      assert.equal(server.secure, false)
      await soon(server.shutdown(), 'shutdown')
      assert.deepEqual(seen.splice(0), [
        `starting 0 Starting ${transport}`,
        `listening 1 Listening on ${transport} ${address}`,
        `draining 1 Draining ${transport} ${address}: 1 open socket`,
        `closed 0 Closed ${transport}: 1 idle, 0 drained, 0 forced`,
      ])
    }
  },

  'listen() again after closed starts another run, and stats() go on counting': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    for (let run = 1; run <= 3; run++) {
      const address = await server.listen(fixture.target())
      const client = await fixture.connect(address)
      assert.equal(String(await soon(exchange(client, 'four'), 'the answer')), 'four')
      await soon(server.shutdown(), 'shutdown')
      const { datagramsReceived, datagramsSent, bytesRead, bytesWritten } = server.stats()
      assert.deepEqual([datagramsReceived, datagramsSent], [run, run])
      assert.deepEqual([bytesRead, bytesWritten], [4 * run, 4 * run])
    }
  },

  'listen() rejects while listening, on what is in use, and on malformed targets (D8)': async (stage) => {
    const { server, address, connect } = await stage.serve(echo)
    await assert.rejects(server.listen(address as never), { code: 'ERR_SOCK_INVALID_STATE' })
    const second = stage.fixture.createServer(echo)
    await assert.rejects(second.listen(address as never), (error: NodeJS.ErrnoException) => {
      assert.match(String(error.code), /^(EADDRINUSE|ERR_SOCK_PATH_IN_USE)$/)
      return true
    })
    assert.equal(second.state, 'idle')
    for (const target of [undefined, null, '', {}, 1]) {
      await assert.rejects(second.listen(target as never), { code: 'ERR_SOCK_INVALID_ADDRESS' })
    }
    assert.equal(String(await soon(exchange(await connect(), 'x'), 'the answer')), 'x')
  },

  'listen() rejects while the server starts or drains': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const starting = server.listen(fixture.target())
    await assert.rejects(server.listen(fixture.target()), /server is starting/)
    await soon(starting, 'listen')
    const stopping = server.shutdown()
    await assert.rejects(server.listen(fixture.target()), /server is draining/)
    await soon(stopping, 'shutdown')
  },

  'listen() that close() or shutdown() overtakes rejects, and the server is idle': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    for (const end of ['close', 'shutdown'] as const) {
      const listening = server.listen(fixture.target())
      listening.catch(ignore)
      await soon<unknown>(server[end](), end)
      await assert.rejects(listening, { code: 'ERR_SOCK_CLOSED' })
      assert.equal(server.state, 'idle')
    }
  },

  'listen() with a signal: aborted before, or while it starts, it rejects; aborted later it shuts down':
    async ({ fixture }) => {
      const server = fixture.createServer(echo)
      const reason = new Error('changed my mind')
      const aborted = server.listen(fixture.target(), { signal: AbortSignal.abort(reason) })
      await rejectsWith(aborted, reason)
      const early = new AbortController()
      const starting = server.listen(fixture.target(), { signal: early.signal })
      early.abort(reason)
      await rejectsWith(starting, reason)
      assert.deepEqual([server.state, server.openConnections], ['idle', 0])
      const stop = new AbortController()
      await server.listen(fixture.target(), { signal: stop.signal })
      stop.abort()
      await soon(server.closed, 'closing')
    },

  'maxQueuedBytes bounds the queue of a slow handler, and the rest is counted': async (stage) => {
    const go = gate()
    const { connect, server } = await stage.serve({ data: () => go.opened }, { maxQueuedBytes: 10_000 })
    const client = await connect()
    const sent = 100
    const writes = Array.from({ length: sent }, () => client.write(new Uint8Array(1000)))
    await eventually(() => {
      const stats = server.stats()
      if (stage.fixture.pauses !== true) assertCame(stats, sent)
      // A port that pauses keeps what exceeds the limit; another one drops it.
      assert.equal(keptOf(stats), stage.fixture.pauses === true ? 10 : 9)
    })
    go.open()
    assert.deepEqual(await codesOf(writes), [])
    await eventually(() => assertCame(server.stats(), sent))
  },

  'stats() are a copy': async (stage) => {
    const { server } = await stage.serve(echo)
    const stats = server.stats() as { open: number; datagramsDropped: { unread: number } }
    stats.open = 5
    stats.datagramsDropped.unread = 5
    const { open, datagramsDropped } = server.stats()
    assert.deepEqual([open, datagramsDropped.unread], [1, 0])
  },

  'connection events: one new, one handler, any others with the peer, one close with the reason': async (
    stage,
  ) => {
    const { connect, server, address, events } = await stage.serve(echo)
    const later: string[] = []
    server.on('connection', ({ state }) => later.push(state))
    const clients = [await connect(), await connect()]
    const [first, second] = clients.map(({ localAddress }) => String(localAddress))
    for (const client of clients) await soon(exchange(client, 'x'), 'the answer')
    await soon(server.shutdown(), 'shutdown')
    assert.deepEqual(
      events.map(({ state, remote }) => [state, remote === undefined ? undefined : String(remote)]),
      [
        ['new', undefined],
        ['handler', undefined],
        ['read', first],
        ['write', first],
        ['read', second],
        ['write', second],
        ['close', undefined],
      ],
    )
    assert.equal(new Set(events.map(({ id }) => id)).size, 1)
    assert.ok(events.every(({ local }) => String(local) === String(address)))
    assert.deepEqual(
      events.flatMap(({ reason }) => reason ?? []),
      ['ended'],
    )
    assert.deepEqual(later, ['read', 'write', 'read', 'write', 'close'])
  },

  'connection events see openConnections: 1 from new on, 0 in close': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const seen: unknown[] = []
    server.on('connection', ({ state, reason }) => seen.push([state, server.openConnections, reason]))
    await server.listen(fixture.target())
    await soon(server.close(), 'close')
    assert.deepEqual(seen, [
      ['new', 1, undefined],
      ['handler', 1, undefined],
      ['close', 0, 'closed'],
    ])
  },

  'exchange() rejects with the reason of its signal, and closes the channel': async (stage) => {
    const { connect } = await stage.serve(async (channel) => void (await channel.read()))
    const client = await connect()
    const stop = new AbortController()
    const asking = exchange(client, 'x', { signal: stop.signal })
    stop.abort(new Error('too slow'))
    await assert.rejects(asking, /too slow/)
    assert.equal(client.isOpen, false)
    await assert.rejects(exchange(client, 'x'), { code: 'ERR_SOCK_CLOSED' })
  },
})

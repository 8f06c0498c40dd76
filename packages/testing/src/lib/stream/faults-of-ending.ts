import { type Connection, isSockError } from '@sock/core'
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { defineFaults } from './faults.js'
import { echo, gate, pattern, readAll } from '../handlers.js'
import { eventually, soon } from '../wait.js'

/** More than any system buffers for a peer that does not read. */
const MUCH = 16 * 2 ** 20

/** A handler that does what the first letter of the input asks for, and echoes anything else. */
const ordered = (never: Promise<void>) => async (connection: Connection) => {
  const order = await connection.read()
  if (order === null) return
  switch (String(order.subarray(0, 1))) {
    case 'b':
    case 'p':
      return never
    case 'w':
      return connection.write(pattern(MUCH))
    case 'h':
      await connection.closeWrite()
      return never
    default:
      await connection.write(order)
      return echo(connection)
  }
}

/** States of a client when the server is told to stop. */
const STATES: Readonly<Record<string, (client: Connection) => Promise<void>>> = {
  idle: (client) => client.write('i'),
  busy: (client) => client.write('b'),
  'waiting for a peer that does not read': (client) => client.write('w'),
  'with input that nobody reads': async (client) => void client.write(`p${'x'.repeat(MUCH)}`),
  'half-closed by the peer': async (client) => {
    await client.write('b')
    await soon(client.closeWrite(), 'closeWrite')
  },
  'half-closed by the server': (client) => client.write('h'),
}

/** Faults while a server stops. */
export const faultsOfEnding = defineFaults('faults of ending', {
  'the deadline of shutdown() destroys connections in every state, and counts each once (G6)': async (
    stage,
  ) => {
    const scene = await stage.serve(ordered(gate().opened), { drainIdle: 60_000 })
    const clients: Connection[] = []
    for (const bring of Object.values(STATES)) {
      const client = await scene.connect()
      await bring(client)
      clients.push(client)
    }
    const count = clients.length
    const begun = (): number =>
      new Set(scene.events.filter(({ state }) => state === 'read').map(({ id }) => id)).size
    await eventually(() => assert.equal(begun(), count))
    await assert.rejects(soon(scene.server.shutdown({ timeout: 100 }), 'shutdown'), (error) => {
      assert.ok(isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT'))
      assert.deepEqual(error.report, { idle: 0, drained: 0, forced: count })
      return true
    })
    const reasons = scene.events.filter(({ state }) => state === 'close').map(({ reason }) => reason)
    assert.deepEqual(reasons, Array(count).fill('draining'))
    for (const client of clients)
      await soon(
        readAll(client).catch(() => {}),
        'the end of a client',
      )
    return stage.restart(scene)
  },

  'many callers of shutdown(), close() and disposal all get an answer, and the same (G4)': async (stage) => {
    const scene = await stage.serve(ordered(gate().opened))
    const client = await scene.connect()
    await client.write('b')
    await eventually(() => assert.equal(scene.server.stats().bytesRead, 1))
    const { server } = scene
    const first = stage.keep(server.shutdown())
    const second = stage.keep(server.shutdown({ timeout: 60_000 }))
    const others = [server.close(), server.close(), server.closed].map((call) => stage.keep(call))
    const disposal = stage.keep(Promise.resolve(server[Symbol.asyncDispose]()))
    const [one, two] = await soon(Promise.allSettled([first, second, disposal]), 'shutdown')
    assert.ok(one.status === 'rejected' && two.status === 'rejected')
    assert.deepEqual(one.reason.report, two.reason.report)
    await soon(Promise.all(others), 'closing')
    assert.equal(server.state, 'closed')
    return stage.restart(scene)
  },

  'close() after a listen() that failed resolves, and the server can listen (G4)': async (stage) => {
    const taken = await stage.serve(echo)
    const scene = await stage.serve(echo)
    await soon(scene.server.close(), 'close')
    await assert.rejects(scene.server.listen(taken.address as never))
    assert.equal(scene.server.state, 'idle')
    await soon(stage.keep(scene.server.close()), 'closing')
    return stage.restart(scene)
  },

  'a signal of listen() that aborts while the server drains already changes nothing (G7)': async (stage) => {
    const stop = new AbortController()
    const force = new AbortController()
    const first = await stage.serve(ordered(gate().opened))
    await soon(first.server.close(), 'close')
    const scene = await stage.restart(first, { signal: stop.signal })
    const client = await scene.connect()
    await client.write('b')
    await eventually(() => assert.equal(scene.server.stats().bytesRead, 1))
    const stopping = stage.keep(scene.server.shutdown({ signal: force.signal }))
    stop.abort()
    assert.equal(scene.server.state, 'draining')
    assert.equal(scene.server.openConnections, 1)
    force.abort()
    await assert.rejects(soon(stopping, 'shutdown'), { code: 'ERR_SOCK_SHUTDOWN_TIMEOUT' })
    for (const { signal } of [stop, force]) assert.equal(getEventListeners(signal, 'abort').length, 0)
    return stage.restart(scene)
  },

  'stats() that are read at every step of a shutdown are right, and change nothing (G13)': async (stage) => {
    const scene = await stage.serve(echo, { drainIdle: 20 })
    const { server } = scene
    const seen: number[] = []
    const scrape = (): void => {
      const { open, accepted, handshaking } = server.stats()
      assert.equal(open, server.openConnections)
      assert.ok(open >= 0 && handshaking >= 0 && open <= accepted)
      seen.push(open)
    }
    const unsubscribe = [server.on('connection', scrape), server.on('state', scrape)]
    const clients = await Promise.all(Array.from({ length: 5 }, () => scene.connect()))
    await eventually(() => assert.equal(server.openConnections, 5))
    const stopping = server.shutdown()
    await Promise.all(
      clients.map(async (client) => {
        await soon(readAll(client), 'the end')
        await soon(client.close(), 'close')
      }),
    )
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 5, drained: 0, forced: 0 })
    assert.equal(seen.at(-1), 0)
    for (const stop of unsubscribe) stop()
    return stage.restart(scene)
  },
})

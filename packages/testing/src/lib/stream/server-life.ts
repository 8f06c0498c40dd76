import assert from 'node:assert/strict'
import { echo, readExactly } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { eventually, rejectsWith, soon } from '../wait.js'

/** The life of a server: states, starting, stopping, restarting. */
export const serverLife = defineSuite('life of a server', {
  'states come once each, in order, with a line for a log': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const seen: string[] = []
    const { transport } = server
    server.on('state', (state, line) => {
      assert.equal(server.state, state)
      seen.push(`${state} ${line}`)
    })
    assert.equal(server.state, 'idle')
    assert.equal(server.address, undefined)
    const address = await server.listen(fixture.target())
    assert.equal(server.state, 'listening')
    assert.deepEqual(server.address, address)
    await soon(server.shutdown(), 'shutdown')
    assert.equal(server.state, 'closed')
    assert.equal(server.address, undefined)
    const secured = server.secure ? ' with TLS' : ''
    assert.deepEqual(seen, [
      `starting Starting ${transport}${secured}`,
      `listening Listening on ${transport} ${address}${secured}`,
      `draining Draining ${transport} ${address}${secured}: 0 open connections`,
      `closed Closed ${transport}${secured}: 0 idle, 0 drained, 0 forced`,
    ])
  },

  'listen() again after closed starts another run (G5)': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    for (let run = 0; run < 3; run++) {
      const address = await server.listen(fixture.target())
      const client = await fixture.connect(address)
      await client.write('hi')
      assert.equal(String(await soon(readExactly(client, 2), 'the answer')), 'hi')
      const { closed } = server
      await soon(Promise.all([client.close(), server.shutdown()]), 'closing')
      await closed
    }
    assert.equal(server.stats().accepted, 3)
  },

  'listen() while listening rejects and disturbs nothing (G5)': async (stage) => {
    const { server, connect } = await stage.serve(echo)
    await assert.rejects(server.listen(stage.fixture.target()), {
      code: 'ERR_SOCK_INVALID_STATE',
      message: 'Cannot listen: the server is listening. Call close() and await it before you listen again',
    })
    const client = await connect()
    await client.write('hi')
    assert.equal(String(await soon(readExactly(client, 2), 'the answer')), 'hi')
  },

  'listen() on what is in use rejects, and the server is idle and can listen elsewhere (G5)': async (
    stage,
  ) => {
    const { server: first, address, connect } = await stage.serve(echo)
    const second = stage.fixture.createServer(echo)
    const states: string[] = []
    second.on('state', (state) => states.push(state))
    await assert.rejects(second.listen(address as never), (error: NodeJS.ErrnoException) => {
      assert.match(String(error.code), /^(EADDRINUSE|ERR_SOCK_PATH_IN_USE)$/)
      return true
    })
    assert.equal(second.state, 'idle')
    assert.equal(first.state, 'listening')
    const client = await connect()
    await client.write('hi')
    assert.equal(String(await soon(readExactly(client, 2), 'the answer')), 'hi')
    await second.listen(stage.fixture.target())
    await soon(second.close(), 'close')
    assert.deepEqual(states, ['starting', 'idle', 'starting', 'listening', 'draining', 'closed'])
  },

  'listen() on a malformed target rejects with ERR_SOCK_INVALID_ADDRESS (H3)': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    for (const target of [undefined, null, 1, '', {}, [], { port: 'x' }, { unknown: 1 }]) {
      await assert.rejects(server.listen(target as never), { code: 'ERR_SOCK_INVALID_ADDRESS' })
      assert.equal(server.state, 'idle')
    }
  },

  'listen() with an aborted signal rejects with its reason, and nothing is bound (G7)': async ({
    fixture,
  }) => {
    const server = fixture.createServer(echo)
    const reason = new Error('changed my mind')
    const listening = server.listen(fixture.target(), { signal: AbortSignal.abort(reason) })
    await rejectsWith(listening, reason)
    assert.equal(server.state, 'idle')
  },

  'listen() rejects with the reason of a signal that aborts while it starts (G7)': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const stop = new AbortController()
    const listening = server.listen(fixture.target(), { signal: stop.signal })
    stop.abort(new Error('not any more'))
    await assert.rejects(listening, /not any more/)
    assert.equal(server.state, 'idle')
  },

  'listen() with a signal that aborts later shuts down (G7)': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const stop = new AbortController()
    await server.listen(fixture.target(), { signal: stop.signal })
    stop.abort()
    assert.equal(server.state, 'draining')
    await soon(server.closed, 'closing')
    assert.equal(server.state, 'closed')
  },

  'listen() that close() overtakes rejects, and the server can listen again (G4)': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const listening = server.listen(fixture.target())
    assert.equal(server.state, 'starting')
    const closing = server.close()
    await assert.rejects(listening, { code: 'ERR_SOCK_CLOSED' })
    await soon(closing, 'closing')
    assert.equal(server.state, 'idle')
    await server.listen(fixture.target())
    await soon(server.close(), 'close')
  },

  'listen() that shutdown() overtakes rejects too (G4)': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const listening = server.listen(fixture.target())
    const stopping = server.shutdown()
    await assert.rejects(listening, { code: 'ERR_SOCK_CLOSED' })
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 0, drained: 0, forced: 0 })
  },

  'close(), shutdown() and disposal of a server that does not run do nothing (G4)': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    await soon(server.close(), 'close')
    assert.deepEqual(await server.shutdown(), { idle: 0, drained: 0, forced: 0 })
    await server[Symbol.asyncDispose]()
    assert.equal(server.state, 'idle')
  },

  'close() ends every connection at once, and closed resolves': async (stage) => {
    const { server, connect, events } = await stage.serve(echo)
    const clients = await soon(Promise.all([connect(), connect(), connect()]), 'connecting')
    await eventually(() => assert.equal(server.openConnections, 3))
    const { closed } = server
    await soon(Promise.all([server.close(), server.close(), closed]), 'closing')
    assert.equal(server.openConnections, 0)
    const reasons = events.filter(({ state }) => state === 'close').map(({ reason }) => reason)
    assert.deepEqual(reasons, ['closed', 'closed', 'closed'])
    for (const client of clients)
      await soon(
        client.read().catch(() => {}),
        'the end',
      )
  },

  'closed resolves at once when the server is closed already': async (stage) => {
    const { server } = await stage.serve(echo)
    await soon(server.close(), 'close')
    await soon(server.closed, 'closed')
  },
})

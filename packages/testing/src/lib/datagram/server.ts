import { exchange, isSockError } from '@sock/core'
import assert from 'node:assert/strict'
import { assertCame, codesOf, keptOf } from './survival.js'
import { echo, gate } from '../handlers.js'
import { defineDatagramSuite } from '../stage.js'
import { eventually, soon } from '../wait.js'

/** Handlers, states, counting, observation and shutdown of a datagram server. */
export const datagramServer = defineDatagramSuite('a server', {
  'states come once each, in order, and openConnections is 1 while listening': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const seen: string[] = []
    server.on('state', (state) => seen.push(`${state} ${server.openConnections}`))
    const address = await server.listen(fixture.target())
    assert.deepEqual(server.address, address)
    assert.equal(server.secure, false)
    await server.shutdown()
    assert.deepEqual(seen, ['starting 0', 'listening 1', 'draining 1', 'closed 0'])
  },

  'listen() again after closed starts another run, and stats() go on counting': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    for (let run = 1; run <= 3; run++) {
      const address = await server.listen(fixture.target())
      const client = await fixture.connect(address)
      assert.equal(String(await soon(exchange(client, 'x'), 'the answer')), 'x')
      await server.shutdown()
      assert.equal(server.stats().datagramsReceived, run)
      assert.equal(server.stats().datagramsSent, run)
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

  'a handler that reads one, replies and returns runs again for the next': async (stage) => {
    let runs = 0
    const { connect } = await stage.serve(async (channel) => {
      runs += 1
      const datagram = await channel.receive()
      await datagram?.reply(`run ${runs}`)
    })
    const client = await connect()
    for (let round = 1; round <= 3; round++) {
      await client.write('x')
      assert.equal(String(await soon(client.read(), 'the answer')), `run ${round}`)
    }
  },

  'close() in a handler ends its run, and not the server': async (stage) => {
    const { connect, server } = await stage.serve(async (channel) => {
      await channel.write((await channel.read()) ?? '')
      await channel.close()
      assert.equal(channel.isOpen, false)
      assert.equal(await channel.read(), null)
    })
    const client = await connect()
    for (let round = 1; round <= 3; round++) {
      await client.write('x')
      assert.equal(String(await soon(client.read(), 'the answer')), 'x')
    }
    assert.equal(server.state, 'listening')
  },

  'a handler that throws or rejects is reported, and the server goes on': async (stage) => {
    for (const handler of [
      async (channel: Parameters<typeof echo>[0]) => {
        const data = String(await channel.read())
        if (data === 'bad') throw new Error('oops')
        await channel.write(data)
      },
      {
        async data(channel: Parameters<typeof echo>[0], data: Buffer) {
          if (String(data) === 'bad') throw new Error('oops')
          await channel.write(data)
        },
      },
    ]) {
      const { connect, server, errors } = await stage.serve(handler)
      const client = await connect()
      await client.write('bad')
      await eventually(() =>
        assert.deepEqual(
          errors.map(({ message }) => message),
          ['oops'],
        ),
      )
      await client.write('good')
      assert.equal(String(await soon(client.read(), 'the answer')), 'good')
      assert.equal(server.stats().handlerErrors, 1)
    }
  },

  'a handler that returns without reading does not run for ever': async (stage) => {
    let runs = 0
    const { connect, server } = await stage.serve(() => void (runs += 1))
    const client = await connect()
    for (let count = 0; count < 3; count++) await client.write('x')
    await eventually(() => assert.equal(server.stats().datagramsDropped.unread, 3))
    assert.equal(runs, 3)
  },

  'data callbacks that are async do not overlap, and write() answers the one at hand': async (stage) => {
    let running = 0
    const { connect } = await stage.serve({
      async data(channel, data) {
        running += 1
        assert.equal(running, 1)
        await new Promise(setImmediate)
        await channel.write(data)
        running -= 1
      },
    })
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect()))
    await Promise.all(clients.map((client, index) => client.write(`${index}`)))
    const answers = await soon(Promise.all(clients.map((client) => client.read())), 'eight answers')
    assert.deepEqual(
      answers.map(String),
      Array.from({ length: 8 }, (_, index) => `${index}`),
    )
  },

  'read() is refused where a data callback takes the input': async (stage) => {
    const refused = gate<unknown>()
    await stage.serve({
      open: (channel) => channel.read().then(refused.open, refused.open),
      data() {},
    })
    assert.ok(isSockError(await soon(refused.opened, 'the refusal'), 'ERR_SOCK_INVALID_STATE'))
  },

  'a handler of neither form throws TypeError': async ({ fixture }) => {
    for (const handler of [
      undefined,
      null,
      'x',
      {},
      [],
      { end() {} },
      { data: 1 },
      { data() {}, extra: 1 },
    ]) {
      assert.throws(() => fixture.createServer(handler as never), TypeError)
    }
    await fixture.createServer(echo).close()
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

  'connection events: one new, one handler, any others, one close': async (stage) => {
    const { connect, server, events } = await stage.serve(echo)
    const seen: string[] = []
    server.on('connection', ({ state }) => seen.push(state))
    assert.equal(String(await soon(exchange(await connect(), 'x'), 'the answer')), 'x')
    await server.shutdown()
    assert.deepEqual(
      events.map(({ state }) => state),
      ['new', 'handler', 'read', 'write', 'close'],
    )
    assert.equal(new Set(events.map(({ id }) => id)).size, 1)
    assert.deepEqual(seen, ['read', 'write', 'close'])
  },

  'shutdown() of an idle server resolves at once (D14)': async (stage) => {
    const { server, connect } = await stage.serve(echo)
    await exchange(await connect(), 'x')
    assert.deepEqual(await soon(server.shutdown(), 'shutdown'), { idle: 1, drained: 0, forced: 0 })
    assert.equal(server.state, 'closed')
  },

  'shutdown() waits for the handler, whose reply still leaves': async (stage) => {
    const go = gate()
    const { server, connect } = await stage.serve(async (channel) => {
      const datagram = await channel.receive()
      await channel.write('working')
      await go.opened
      await datagram?.reply('done')
    })
    const client = await connect()
    await client.write('x')
    assert.equal(String(await soon(client.read(), 'the first answer')), 'working')
    const stopping = server.shutdown()
    assert.equal(server.state, 'draining')
    go.open()
    assert.equal(String(await soon(client.read(), 'the last answer')), 'done')
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 0, drained: 1, forced: 0 })
  },

  'shutdown() has what was received handled before it closes': async (stage) => {
    const go = gate()
    const got: string[] = []
    const { server, connect } = await stage.serve({
      async data(_, data) {
        await go.opened
        got.push(String(data))
      },
    })
    const client = await connect()
    for (const word of ['one', 'two', 'three']) await client.write(word)
    await eventually(() => assert.equal(server.stats().datagramsReceived, 3))
    const stopping = server.shutdown()
    go.open()
    assert.equal((await soon(stopping, 'shutdown')).drained, 1)
    assert.deepEqual(got, ['one', 'two', 'three'])
  },

  'shutdown() rejects at the deadline, when everything is closed': async (stage) => {
    const never = gate()
    const { server, connect } = await stage.serve(async (channel) => {
      await channel.read()
      await channel.write('x')
      await never.opened
    })
    const client = await connect()
    await client.write('x')
    await soon(client.read(), 'the answer')
    await assert.rejects(soon(server.shutdown({ timeout: 30 }), 'shutdown'), (error) => {
      assert.ok(isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT'))
      assert.deepEqual(error.report, { idle: 0, drained: 0, forced: 1 })
      return true
    })
    assert.equal(server.state, 'closed')
    never.open()
  },

  'close() ends it now, also during shutdown() and from inside a handler': async (stage) => {
    const never = gate()
    const scene = await stage.serve(async (channel) => {
      await channel.read()
      void scene.server.shutdown()
      void scene.server.close()
      await never.opened
    })
    const client = await scene.connect()
    await client.write('x')
    await soon(scene.server.closed, 'closing')
    assert.equal(scene.server.openConnections, 0)
    never.open()
  },

  'listen() with a signal: aborted before it rejects, aborted later it shuts down': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    const aborted = server.listen(fixture.target(), { signal: AbortSignal.abort() })
    await assert.rejects(aborted, { name: 'AbortError' })
    assert.equal(server.state, 'idle')
    const stop = new AbortController()
    await server.listen(fixture.target(), { signal: stop.signal })
    stop.abort()
    await soon(server.closed, 'closing')
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

import assert from 'node:assert/strict'
import { echo, readAll, readExactly, untilStopped } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { eventually, soon } from '../wait.js'

/** Counters, events, statistics and observers. */
export const serverObservation = defineSuite('observation of a server', {
  'openConnections counts accepted connections that are not closed': async (stage) => {
    const { server, connect } = await stage.serve(untilStopped)
    assert.equal(server.openConnections, 0)
    const clients = [await connect(), await connect(), await connect()]
    await eventually(() => assert.equal(server.openConnections, 3))
    for (const client of clients) client.destroy()
    await soon(server.close(), 'close')
    assert.equal(server.openConnections, 0)
  },

  'openConnections already counts a connection in new, and no longer in close': async (stage) => {
    const { server, connect } = await stage.serve(echo)
    const seen: string[] = []
    server.on('connection', ({ state }) => {
      if (state === 'new' || state === 'close') seen.push(`${state} ${server.openConnections}`)
    })
    const client = await connect()
    await soon(client.close(), 'close')
    await eventually(() => assert.deepEqual(seen, ['new 1', 'close 0']))
  },

  'connections() iterates over those that are open, which may be written to and closed meanwhile': async (
    stage,
  ) => {
    const { server, connect } = await stage.serve({
      open: (connection) => void (connection.data = connection.id),
    })
    const clients = [await connect(), await connect(), await connect()]
    await eventually(() => assert.equal(server.openConnections, 3))
    const seen = new Set<unknown>()
    for (const connection of server.connections()) {
      seen.add(connection.data)
      await connection.write('to all')
      void connection.close()
    }
    assert.equal(seen.size, 3)
    for (const client of clients) {
      assert.equal(String(await soon(readAll(client), 'the end')), 'to all')
      await soon(client.close(), 'close')
    }
    await eventually(() => assert.deepEqual([...server.connections()], []))
  },

  'connection events come in order: one new, one handler, any others, one close': async (stage) => {
    const { connect, events } = await stage.serve(echo)
    await Promise.all(
      Array.from({ length: 5 }, async (_, index) => {
        const client = await connect()
        await client.write(`${index}`)
        await soon(readExactly(client, 1), 'the answer')
        await soon(client.close(), 'close')
      }),
    )
    await eventually(() => assert.equal(events.filter(({ state }) => state === 'close').length, 5))
    const ids = new Set(events.map(({ id }) => id))
    assert.equal(ids.size, 5)
    for (const id of ids) {
      const own = events.filter((event) => event.id === id)
      const states = own.map(({ state }) => state)
      assert.deepEqual(states, ['new', 'handler', 'read', 'write', 'closeRead', 'closeWrite', 'close'])
      assert.equal(own.at(-1)?.reason, 'ended')
      assert.ok(own.every(({ reason, state }) => state === 'close' || reason === undefined))
      assert.ok(own.every(({ local }) => local !== undefined))
    }
  },

  'stats() are plain numbers that add up': async (stage) => {
    const { server, connect } = await stage.serve(echo)
    const client = await connect()
    await client.write('12345')
    await soon(readExactly(client, 5), 'the answer')
    assert.deepEqual(server.stats(), {
      accepted: 1,
      open: 1,
      handshaking: 0,
      rejected: {
        connectionLimit: 0,
        descriptorLimit: 0,
        handshakeLimit: 0,
        handshakeTimeout: 0,
        handshakeFailed: 0,
      },
      idleClosed: 0,
      firstByteClosed: 0,
      lifetimeClosed: 0,
      overflowClosed: 0,
      handlerErrors: 0,
      bytesRead: 5,
      bytesWritten: 5,
    })
    await soon(client.close(), 'close')
    await eventually(() => assert.equal(server.stats().open, 0))
    assert.equal(server.stats().bytesRead, 5)
  },

  'on() takes any number of callbacks, and one that throws or rejects does not affect the others (A19, G13)':
    async (stage) => {
      const { server, connect } = await stage.serve(async (connection) => {
        await connection.read()
        throw new Error('from the handler')
      })
      const warnings: unknown[] = []
      const emitWarning = process.emitWarning.bind(process)
      process.emitWarning = (warning) => void warnings.push(warning)
      try {
        const heard: string[] = []
        server.on('error', () => {
          throw new Error('first observer')
        })
        // oxlint-disable-next-line typescript/no-misused-promises -- that is the case
        server.on('error', async () => {
          await Promise.resolve()
          throw new Error('second observer')
        })
        server.on('error', (error, connection) => heard.push(`${error.message} ${typeof connection?.id}`))
        server.on('connection', () => {
          throw new Error('third observer')
        })
        const client = await connect()
        await client.write('go')
        await soon(
          readAll(client).catch(() => {}),
          'the end',
        )
        await eventually(() => assert.deepEqual(heard, ['from the handler number']))
        await eventually(() => assert.ok(warnings.length >= 3, 'what observers throw becomes a warning'))
      } finally {
        process.emitWarning = emitWarning
      }
    },

  'on() returns what unsubscribes, also from inside a callback, and twice': async (stage) => {
    const { server, connect } = await stage.serve(echo)
    const heard: string[] = []
    const off = server.on('connection', ({ state }) => {
      heard.push(`first ${state}`)
      off()
      off()
    })
    const other = server.on('connection', ({ state }) => heard.push(`second ${state}`))
    const client = await connect()
    await eventually(() => assert.deepEqual(heard.slice(0, 3), ['first new', 'second new', 'second handler']))
    other()
    await soon(client.close(), 'close')
    assert.ok(!heard.includes('second close'))
  },

  'once() gets one event, and off() removes a callback': async (stage) => {
    const { server, connect } = await stage.serve(echo)
    const heard: string[] = []
    const every = ({ state }: { state: string }): void => void heard.push(`every ${state}`)
    server.once('connection', ({ state }) => heard.push(`once ${state}`))
    server.on('connection', every)
    const client = await connect()
    await eventually(() => assert.deepEqual(heard.slice(0, 3), ['once new', 'every new', 'every handler']))
    server.off('connection', every)
    await soon(client.close(), 'close')
    assert.ok(!heard.includes('every close') && heard.filter((line) => line.startsWith('once')).length === 1)
  },

  'on() of an unknown event or of no function throws TypeError': async ({ fixture }) => {
    const server = fixture.createServer(echo)
    assert.throws(() => server.on('connect' as 'state', () => {}), TypeError)
    assert.throws(() => server.on('error', undefined as never), TypeError)
    await soon(server.close(), 'close')
  },

  'an error that nobody observes does no harm (A19)': async ({ fixture }) => {
    const server = fixture.createServer(() => {
      throw new Error('nobody hears me')
    })
    const address = await server.listen(fixture.target())
    // A handler that fails at once may reset the connection before the client has seen it established.
    const client = await fixture.connect(address).catch(() => undefined)
    await client?.read().catch(() => null)
    client?.destroy()
    await eventually(() => assert.equal(server.stats().handlerErrors, 1))
    await soon(server.close(), 'close')
  },
})

import { exchange, isExpectedClose } from '@sock/core'
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { echo, pattern, readAll, readExactly, untilStopped } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { eventually, rejectsWith, soon } from '../wait.js'

/** Connecting, and single requests. */
export const clients = defineSuite('clients', {
  'connect rejects if no server listens': async (stage) => {
    const { server, address } = await stage.serve(echo)
    await soon(server.close(), 'close')
    await assert.rejects(stage.fixture.connect(address), (error: NodeJS.ErrnoException) => {
      assert.match(String(error.code), /^(ECONNREFUSED|ENOENT)$/)
      return true
    })
  },

  'connect rejects malformed targets and wrong options': async ({ fixture }) => {
    await assert.rejects(fixture.connect(''), { code: 'ERR_SOCK_INVALID_ADDRESS' })
    await assert.rejects(fixture.connect(1 as never), { code: 'ERR_SOCK_INVALID_ADDRESS' })
    const { address } = { address: fixture.target() }
    await assert.rejects(fixture.connect(address, { idleTimeout: -1 }), RangeError)
    await assert.rejects(fixture.connect(address, { wrong: 1 } as never), TypeError)
  },

  'connect rejects with the reason of its signal, aborted before or while it connects': async (stage) => {
    const { connect } = await stage.serve(echo)
    const reason = new Error('changed my mind')
    await rejectsWith(connect({ signal: AbortSignal.abort(reason) }), reason)
    const stop = new AbortController()
    const connecting = connect({ signal: stop.signal })
    stop.abort(reason)
    await rejectsWith(connecting, reason)
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
  },

  'connect with a signal that aborts afterwards leaves the connection alone': async (stage) => {
    const { connect } = await stage.serve(echo)
    const stop = new AbortController()
    const client = await connect({ signal: stop.signal })
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
    stop.abort()
    await client.write('x')
    assert.equal(String(await soon(readExactly(client, 1), 'the answer')), 'x')
  },

  'onState observes a client from dial to close': async (stage) => {
    const { connect } = await stage.serve(echo)
    const states: string[] = []
    const ids = new Set<number>()
    const client = await connect({
      onState: ({ state, id }) => {
        states.push(state)
        ids.add(id)
      },
    })
    await client.write('x')
    await soon(readExactly(client, 1), 'the answer')
    await soon(client.close(), 'close')
    assert.deepEqual(states, ['dial', 'new', 'handler', 'write', 'read', 'closeRead', 'closeWrite', 'close'])
    assert.deepEqual([...ids], [client.id])
  },

  'onState that throws disturbs nothing (A19)': async (stage) => {
    const { connect } = await stage.serve(echo)
    const client = await connect({
      onState() {
        throw new Error('observer')
      },
    })
    await client.write('x')
    assert.equal(String(await soon(readExactly(client, 1), 'the answer')), 'x')
  },

  'idleTimeout closes a silent client': async (stage) => {
    const { connect } = await stage.serve(untilStopped)
    const client = await connect({ idleTimeout: 60 })
    await assert.rejects(soon(client.read(), 'the time-out'), { code: 'ERR_SOCK_IDLE_TIMEOUT' })
  },

  'exchange() sends, ends, and collects the answer to its end': async (stage) => {
    const { connect, server } = await stage.serve(async (connection) => {
      const request = await readAll(connection)
      await connection.write(`got ${request.length}`)
    })
    assert.equal(
      String(await soon(exchange(await connect(), pattern(1_000_000)), 'the answer')),
      'got 1000000',
    )
    await eventually(() => assert.equal(server.openConnections, 0))
  },

  'exchange() writes and reads at the same time': async (stage) => {
    const { connect } = await stage.serve(echo)
    const sent = pattern(20 * 1024 * 1024)
    const client = await connect()
    assert.ok((await soon(exchange(client, sent), 'the echo')).equals(sent))
    assert.equal(client.isOpen, false)
  },

  'exchange() is covered by its signal, and closes the connection': async (stage) => {
    const { connect, server } = await stage.serve(untilStopped)
    const stop = new AbortController()
    const client = await connect()
    const asking = exchange(client, 'hello', { signal: stop.signal })
    const reason = new Error('too slow')
    stop.abort(reason)
    await rejectsWith(asking, reason)
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
    const other = await connect()
    await rejectsWith(exchange(other, 'hello', { signal: AbortSignal.abort(reason) }), reason)
    assert.equal(other.isOpen, false)
    await soon(server.close(), 'close')
  },

  'exchange() bounds the answer by maxBytes': async (stage) => {
    const { connect } = await stage.serve((connection) => connection.write(pattern(100_000)))
    const client = await connect()
    await assert.rejects(exchange(client, '', { maxBytes: 1000 }), { code: 'ERR_SOCK_MESSAGE_TOO_LARGE' })
    assert.equal(client.isOpen, false)
  },

  'exchange() on a closed connection, or with a peer that breaks off, rejects': async (stage) => {
    const { connect } = await stage.serve(async (connection) => {
      await connection.read()
      connection.destroy(new Error('no'))
    })
    const closed = await connect()
    closed.destroy()
    await assert.rejects(exchange(closed, 'x'), { code: 'ERR_SOCK_CLOSED' })
  },

  'isExpectedClose() knows the errors of a connection that came to its end': async (stage) => {
    const { connect } = await stage.serve(untilStopped)
    const client = await connect()
    const reading = client.read()
    client.destroy()
    const error = await reading.catch((failure: unknown) => failure)
    assert.ok(isExpectedClose(error))
    assert.ok(isExpectedClose(await client.write('x').catch((failure: unknown) => failure)))
    assert.ok(!isExpectedClose(new Error('another')))
  },
})

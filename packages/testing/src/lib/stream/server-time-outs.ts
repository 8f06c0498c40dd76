import type { Connection } from '@sock/core'
import assert from 'node:assert/strict'
import { echo, gate, pattern, readAll, readExactly } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { eventually, soon } from '../wait.js'

/** Time-outs of connections. */
export const serverTimeOuts = defineSuite('time-outs of a server', {
  'idleTimeout closes a connection on which nothing moves, and says why (A10)': async (stage) => {
    let failure: { code?: string } = {}
    let reason: unknown
    const { connect, server, events, errors } = await stage.serve(
      async (connection) => {
        connection.signal.addEventListener('abort', () => (reason = connection.signal.reason))
        await connection.read().catch((error) => (failure = error))
      },
      { idleTimeout: 80 },
    )
    const client = await connect()
    await soon(
      readAll(client).catch(() => {}),
      'the end',
    )
    await eventually(() => assert.equal(server.openConnections, 0))
    assert.equal(failure.code, 'ERR_SOCK_IDLE_TIMEOUT')
    assert.equal((reason as { code: string }).code, 'ERR_SOCK_IDLE_TIMEOUT')
    assert.equal(events.at(-1)?.reason, 'idle')
    assert.equal(server.stats().idleClosed, 1)
    assert.deepEqual(errors, [])
  },

  'idleTimeout leaves a connection alone on which something moves': async (stage) => {
    const idleTimeout = 80
    const clock = stage.holdClock()
    const { connect, server } = await stage.serve(echo, { idleTimeout })
    const client = await connect()
    for (let count = 0; count < 10; count++) {
      await client.write('x')
      await soon(readExactly(client, 1), 'the answer')
      await clock.pass(idleTimeout / 2)
    }
    assert.equal(server.stats().idleClosed, 0)
  },

  'idleTimeout counts the progress of one long write (A7)': async (stage) => {
    const idleTimeout = 80
    const clock = stage.holdClock()
    const size = 24 * 1024 * 1024
    const { connect, server } = await stage.serve((connection) => connection.write(pattern(size)), {
      idleTimeout,
    })
    const client = await connect({ highWaterMark: 1024 })
    let got = 0
    while (got < size) {
      const chunk = await soon(client.read(), 'the input')
      assert.ok(chunk !== null, 'the answer was cut short')
      got += chunk.length
      // The steps are shorter than the system's buffer for the peer: within one step, the server may see no progress.
      if (got < size && got % (size / 32) < chunk.length) await clock.pass(idleTimeout / 10)
    }
    assert.equal(server.stats().idleClosed, 0)
  },

  'readTimeout closes a connection whose peer sends nothing, even while it receives, and says why': async (
    stage,
  ) => {
    const clock = stage.holdClock()
    const readTimeout = 80
    let failure: { code?: string; message?: string } = {}
    const { connect, server, events, errors } = await stage.serve(
      async (connection) => {
        await connection.write('hello')
        await connection.read().catch((error) => (failure = error))
      },
      { readTimeout },
    )
    const client = await connect()
    await soon(readExactly(client, 5), 'the answer')
    clock.release()
    await soon(
      readAll(client).catch(() => {}),
      'the end',
    )
    await eventually(() => assert.equal(server.openConnections, 0))
    assert.equal(failure.code, 'ERR_SOCK_IDLE_TIMEOUT')
    assert.match(String(failure.message), /80 ms \("readTimeout"\)/)
    assert.equal(events.at(-1)?.reason, 'idle')
    assert.equal(server.stats().idleClosed, 1)
    assert.deepEqual(errors, [])
  },

  'readTimeout does not close a connection whose peer has ended and waits for its answer': async (stage) => {
    const clock = stage.holdClock()
    const readTimeout = 80
    const [asked, thought] = [gate(), gate()]
    const handler = async (connection: Connection): Promise<void> => {
      await readAll(connection)
      asked.open()
      await thought.opened
      await connection.write('an answer')
    }
    const { connect, server } = await stage.serve(handler, { readTimeout })
    const client = await connect()
    await soon(client.closeWrite(), 'closeWrite')
    await soon(asked.opened, 'the end of the input')
    await clock.pass(10 * readTimeout)
    thought.open()
    assert.equal(String(await soon(readAll(client), 'the answer')), 'an answer')
    assert.equal(server.stats().idleClosed, 0)
  },

  'writeTimeout closes a connection whose peer reads nothing, although the handler keeps writing and the peer sends':
    async (stage) => {
      const writeTimeout = 100
      let failure: { code?: string; message?: string } = {}
      let ticks = 0
      const { connect, server, events, errors } = await stage.serve(
        async (connection) => {
          connection.write(pattern(16 * 1024 * 1024)).catch((error) => (failure = error))
          for await (const chunk of connection) {
            ticks += chunk.length
            void connection.write(chunk)
          }
        },
        { writeTimeout },
      )
      const client = await connect({ highWaterMark: 1024 })
      const talking = setInterval(() => void client.write('x'), 10)
      try {
        await eventually(() => assert.equal(server.stats().idleClosed, 1))
      } finally {
        clearInterval(talking)
        client.destroy()
      }
      assert.ok(ticks > 0)
      assert.equal(failure.code, 'ERR_SOCK_IDLE_TIMEOUT')
      assert.match(String(failure.message), /100 ms \("writeTimeout"\)/)
      assert.equal(events.findLast(({ state }) => state === 'close')?.reason, 'idle')
      assert.deepEqual(errors, [])
    },

  'writeTimeout does not close a connection without queued bytes': async (stage) => {
    const clock = stage.holdClock()
    const { connect, server } = await stage.serve(echo, { writeTimeout: 80 })
    const client = await connect()
    await client.write('x')
    await soon(readExactly(client, 1), 'the answer')
    await clock.pass(800)
    await client.write('y')
    assert.equal(String(await soon(readExactly(client, 1), 'the answer')), 'y')
    assert.equal(server.stats().idleClosed, 0)
  },

  'firstByteTimeout closes a connection whose peer has sent nothing, and no other': async (stage) => {
    const clock = stage.holdClock()
    const { connect, server, events, errors } = await stage.serve(echo, { firstByteTimeout: 150 })
    const [mute, talker] = [await connect(), await connect()]
    await talker.write('x')
    await soon(readExactly(talker, 1), 'the answer')
    clock.release()
    await soon(
      readAll(mute).catch(() => {}),
      'the end',
    )
    await eventually(() => assert.equal(server.stats().firstByteClosed, 1))
    assert.equal(events.find(({ state }) => state === 'close')?.reason, 'firstByte')
    await talker.write('y')
    assert.equal(String(await soon(readExactly(talker, 1), 'the answer')), 'y')
    assert.deepEqual(errors, [])
  },

  'maxLifetime ends an old connection in good order, once nothing is in flight': async (stage) => {
    const reasons: unknown[] = []
    const handler = async (connection: Connection): Promise<void> => {
      connection.signal.addEventListener('abort', () => reasons.push(connection.signal.reason))
      await echo(connection)
      await connection.write('bye')
    }
    const limits = { maxLifetime: 200, drainIdle: 20 }
    const clock = stage.holdClock()
    const { connect, server, events, errors } = await stage.serve(handler, limits)
    const client = await connect()
    await client.write('hello')
    assert.equal(String(await soon(readExactly(client, 5), 'the answer')), 'hello')
    clock.release()
    assert.equal(String(await soon(readAll(client), 'the end')), 'bye')
    await soon(client.close(), 'close')
    await eventually(() => assert.equal(server.stats().lifetimeClosed, 1))
    assert.equal((reasons[0] as { code?: string }).code, 'ERR_SOCK_LIFETIME')
    assert.equal(events.at(-1)?.reason, 'lifetime')
    assert.deepEqual(errors, [])
  },

  'maxLifetime destroys a connection that does not end, after shutdownTimeout': async (stage) => {
    const limits = { maxLifetime: 100, shutdownTimeout: 100 }
    const { connect, server } = await stage.serve(() => new Promise(() => {}), limits)
    const client = await connect()
    await soon(
      readAll(client).catch(() => {}),
      'the end',
    )
    await eventually(() => assert.equal(server.stats().lifetimeClosed, 1))
  },
})

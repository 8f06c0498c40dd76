import type { Connection } from '@sock/core'
import assert from 'node:assert/strict'
import { echo, pattern, readAll, readExactly } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { eventually, ignore, soon } from '../wait.js'

/** Limits of connections and of queued bytes. */
export const serverLimits = defineSuite('limits of a server', {
  'maxConnections closes the excess at once, counts and reports it (A13)': async (stage) => {
    const { connect, server, errors } = await stage.serve(echo, { maxConnections: 2 })
    const first = await connect()
    const second = await connect()
    for (const client of [first, second]) {
      await client.write('x')
      await soon(readExactly(client, 1), 'the answer')
    }
    const refused = await connect().catch(() => undefined)
    if (refused !== undefined)
      assert.equal(
        (
          await soon(
            readAll(refused).catch(() => Buffer.alloc(0)),
            'the end',
          )
        ).length,
        0,
      )
    await eventually(() => assert.equal(server.stats().rejected.connectionLimit, 1))
    assert.equal(server.openConnections, 2)
    assert.deepEqual(
      errors.map((error) => (error as { code?: string }).code),
      ['ERR_SOCK_CONNECTION_LIMIT'],
    )
    await soon(first.close(), 'close')
    await eventually(() => assert.equal(server.openConnections, 1))
    const third = await connect()
    await third.write('y')
    assert.equal(String(await soon(readExactly(third, 1), 'the answer')), 'y')
  },

  'maxConnections of 0 refuses every peer (A13)': async (stage) => {
    const { connect, server } = await stage.serve(echo, { maxConnections: 0 })
    const client = await connect().catch(() => undefined)
    await eventually(() => assert.equal(server.stats().rejected.connectionLimit, 1))
    if (client !== undefined) await soon(readAll(client).catch(ignore), 'the end')
    assert.equal(server.stats().accepted, 0)
  },

  'maxWriteBuffer resets a connection that keeps writing although the peer reads nothing, counts and reports it':
    async (stage) => {
      const maxWriteBuffer = 1024 * 1024
      let last: { code?: string } = {}
      const handler = async (connection: Connection): Promise<void> => {
        while (connection.isOpen) {
          connection.write(pattern(64 * 1024)).catch((error) => (last = error))
          await new Promise(setImmediate)
        }
      }
      const { connect, server, errors, events } = await stage.serve(handler, { maxWriteBuffer })
      const client = await connect({ highWaterMark: 1024 })
      await eventually(() => assert.equal(server.stats().overflowClosed, 1))
      await eventually(() => assert.equal(last.code, 'ERR_SOCK_BACKPRESSURE'))
      assert.equal(events.at(-1)?.reason, 'overflow')
      assert.deepEqual(
        errors.map((error) => (error as { code?: string }).code),
        ['ERR_SOCK_BACKPRESSURE'],
      )
      client.destroy()
    },

  'maxWriteBuffer leaves a handler alone that awaits each write, however long': async (stage) => {
    const size = 4 * 1024 * 1024
    const handler = async (connection: Connection): Promise<void> => {
      for (let part = 0; part < 4; part++) await connection.write(pattern(size))
    }
    const { connect, errors } = await stage.serve(handler, { maxWriteBuffer: 64 * 1024 })
    assert.equal((await soon(readAll(await connect()), 'the end')).length, 4 * size)
    assert.deepEqual(errors, [])
  },

  'maxBufferedBytes resets the connections with the most queued bytes, and leaves the others open': async (
    stage,
  ) => {
    const limits = { maxBufferedBytes: 4 * 1024 * 1024 }
    const handler = async (connection: Connection): Promise<void> => {
      const command = String(await connection.read())
      await connection.write(pattern(command === 'much' ? 16 * 1024 * 1024 : 16 * 1024))
      await connection.read()
    }
    const { connect, server, errors } = await stage.serve(handler, limits)
    const modest = await connect()
    await modest.write('little')
    await soon(readExactly(modest, 16 * 1024), 'the answer')
    const greedy = await connect({ highWaterMark: 1024 })
    await greedy.write('much')
    await eventually(() => assert.equal(server.stats().overflowClosed, 1))
    assert.match(String(errors[0]), /"maxBufferedBytes" is 4194304/)
    await eventually(() => assert.equal(server.openConnections, 1))
    greedy.destroy()
  },

  'options of a wrong type, out of range or unknown throw, and name option and value (H1, H2)': async ({
    fixture,
  }) => {
    const wrong: [object, RegExp][] = [
      [{ idleTimeout: -1 }, /"idleTimeout".*-1/],
      [{ idleTimeout: NaN }, /"idleTimeout".*NaN/],
      [{ idleTimeout: 2 ** 31 }, /"idleTimeout".*2147483648/],
      [{ idleTimeout: '5' }, /"idleTimeout".*'5'/],
      [{ readTimeout: -1 }, /"readTimeout".*-1/],
      [{ writeTimeout: '5' }, /"writeTimeout".*'5'/],
      [{ maxConnections: -1 }, /"maxConnections".*-1/],
      [{ maxConnections: 1.5 }, /"maxConnections".*1.5/],
      [{ highWaterMark: 0 }, /"highWaterMark".*0/],
      [{ maxWriteBuffer: 65_535 }, /"maxWriteBuffer".*65535/],
      [{ maxBufferedBytes: 0 }, /"maxBufferedBytes".*0/],
      [{ firstByteTimeout: -1 }, /"firstByteTimeout".*-1/],
      [{ maxLifetime: 2 ** 31 }, /"maxLifetime".*2147483648/],
      [{ shutdownTimeout: Infinity }, /"shutdownTimeout".*Infinity/],
      [{ drainIdle: null }, /"drainIdle".*null/],
      [{ idleTimout: 1 }, /"idleTimout"/],
    ]
    for (const [options, message] of wrong) {
      assert.throws(
        () => fixture.createServer(echo, options),
        (error) => (error instanceof TypeError || error instanceof RangeError) && message.test(error.message),
      )
    }
    const polluting = { value: -1, enumerable: true, configurable: true, writable: true }
    // oxlint-disable-next-line no-extend-native -- as a library with a hole would
    Object.defineProperty(Object.prototype, 'idleTimeout', polluting)
    try {
      await fixture.createServer(echo, Object.freeze({})).close()
    } finally {
      Reflect.deleteProperty(Object.prototype, 'idleTimeout')
    }
  },
})

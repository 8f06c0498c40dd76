import type { Connection } from '@sock/core'
import assert from 'node:assert/strict'
import { echo, gate, pattern, readAll, readExactly } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { eventually, ignore, soon } from '../wait.js'

/**
 * Sends data and its end, and reads everything. A handler that fails at once may even reset the connecting client.
 */
async function sendAndRead(client: Connection): Promise<void> {
  void client.write('x')
  void client.closeWrite()
  await soon(readAll(client), 'the end')
}

/** Both forms of a handler, and what happens when one fails. */
export const serverHandlers = defineSuite('handlers of a server', {
  'a function that returns closes the connection, flushed': async (stage) => {
    const { connect, server } = await stage.serve((connection) => void connection.write('once'))
    const client = await connect()
    assert.equal(String(await soon(readAll(client), 'the end')), 'once')
    await soon(client.close(), 'close')
    await eventually(() => assert.equal(server.openConnections, 0))
  },

  'a function that throws or rejects is reported once, and the connection destroyed (A18)': async (stage) => {
    const failures: ((connection: Connection) => void | Promise<void>)[] = [
      () => {
        throw new Error('oops')
      },
      () => Promise.reject(new Error('oops')),
      async (connection) => {
        await connection.read()
        throw new Error('oops')
      },
    ]
    for (const failure of failures) {
      const { connect, errors, server, events } = await stage.serve(failure)
      await connect().then(sendAndRead).catch(ignore)
      await eventually(() => assert.equal(events.at(-1)?.reason, 'error'))
      assert.equal(server.openConnections, 0)
      assert.deepEqual(
        errors.map(({ message }) => message),
        ['oops'],
      )
      assert.equal(server.stats().handlerErrors, 1)
      await connect().then(sendAndRead).catch(ignore)
      await eventually(() => assert.equal(server.stats().handlerErrors, 2))
    }
  },

  'a function that fails since its peer went away is no error': async (stage) => {
    const { connect, errors, server } = await stage.serve(async (connection) => {
      await connection.read()
      for (;;) await connection.write(pattern(100_000))
    })
    const client = await connect()
    await client.write('go')
    await soon(client.read(), 'the input')
    client.destroy()
    await eventually(() => assert.equal(server.openConnections, 0))
    assert.deepEqual(errors, [])
    assert.equal(server.stats().handlerErrors, 0)
  },

  'something thrown that is no Error is reported as one': async (stage) => {
    const { connect, errors } = await stage.serve(() => {
      // oxlint-disable-next-line typescript/only-throw-error -- that is the case
      throw 'a string'
    })
    await soon(connect().then(readAll).catch(ignore), 'the end')
    await eventually(() => assert.equal(errors.length, 1))
    assert.equal(errors[0]?.message, 'a string')
  },

  'callbacks come in order: open, data, end, close': async (stage) => {
    const heard: string[] = []
    const { connect } = await stage.serve({
      open: (connection) => void heard.push(`open ${connection.isOpen}`),
      data: (connection, chunk) => {
        heard.push(`data ${chunk}`)
        void connection.write(chunk)
      },
      end: (connection) => {
        heard.push('end')
        void connection.close()
      },
      close: (connection, error) => void heard.push(`close ${connection.isOpen} ${error}`),
    })
    const client = await connect()
    await client.write('ping')
    assert.equal(String(await soon(readExactly(client, 4), 'the answer')), 'ping')
    await soon(client.close(), 'close')
    await eventually(() =>
      assert.deepEqual(heard, ['open true', 'data ping', 'end', 'close false undefined']),
    )
  },

  'without an end callback the connection is flushed and closed when the peer ends': async (stage) => {
    const answer = pattern(2_000_000)
    const { connect } = await stage.serve({ data: (connection) => void connection.write(answer) })
    const client = await connect()
    await client.write('x')
    await soon(client.closeWrite(), 'closeWrite')
    assert.ok((await soon(readAll(client), 'the answer')).equals(answer))
  },

  'an open callback alone leaves the input to read()': async (stage) => {
    const { connect } = await stage.serve({
      async open(connection) {
        const request = await readAll(connection)
        await connection.write(`${request.length}`)
      },
    })
    const client = await connect()
    await client.write(pattern(100_000))
    await soon(client.closeWrite(), 'closeWrite')
    assert.equal(String(await soon(readAll(client), 'the answer')), '100000')
  },

  'read() and stream are refused where a data callback takes the input': async (stage) => {
    const refused = gate<string[]>()
    const { connect } = await stage.serve({
      async open(connection) {
        const codes: string[] = []
        const note = (error: { code: string }) => codes.push(error.code)
        await connection.read().catch(note)
        assert.throws(
          () => connection.stream,
          (error: { code: string }) => Boolean(note(error)),
        )
        assert.throws(
          () => connection[Symbol.asyncIterator](),
          (error: { code: string }) => Boolean(note(error)),
        )
        refused.open(codes)
      },
      data() {},
    })
    await connect()
    assert.deepEqual(await soon(refused.opened, 'refusal'), Array(3).fill('ERR_SOCK_INVALID_STATE'))
  },

  'a data callback that is async holds further chunks back, in order': async (stage) => {
    const got: Buffer[] = []
    let running = 0
    const { connect, server } = await stage.serve(
      {
        async data(_, chunk) {
          running += 1
          assert.equal(running, 1)
          await new Promise(setImmediate)
          got.push(Buffer.from(chunk))
          running -= 1
        },
      },
      { highWaterMark: 1024 },
    )
    const client = await connect()
    const sent = pattern(500_000)
    for (let at = 0; at < sent.length; at += 5000) await client.write(sent.subarray(at, at + 5000))
    await soon(client.close(), 'close')
    await eventually(() => assert.equal(server.openConnections, 0))
    assert.ok(Buffer.concat(got).equals(sent))
  },

  'end and close wait until an async data callback has seen everything': async (stage) => {
    const heard: string[] = []
    const go = gate()
    const { connect } = await stage.serve({
      async data(_, chunk) {
        await go.opened
        heard.push(`data ${chunk.length}`)
      },
      end(connection) {
        heard.push('end')
        void connection.close()
      },
      close: () => void heard.push('close'),
    })
    const client = await connect()
    await client.write('abc')
    const closing = client.close()
    await new Promise(setImmediate)
    assert.deepEqual(heard, [])
    go.open()
    await soon(closing, 'closing')
    await eventually(() => assert.deepEqual(heard, ['data 3', 'end', 'close']))
  },

  'drain comes when what was written has left': async (stage) => {
    const drained = gate<boolean>()
    const { connect } = await stage.serve({
      data(connection) {
        while (!connection.writableNeedDrain) void connection.write(pattern(100_000))
      },
      drain: (connection) => drained.open(connection.writableNeedDrain),
    })
    const client = await connect()
    await client.write('x')
    const reading = readAll(client).catch(() => {})
    assert.equal(await soon(drained.opened, 'drain'), false)
    client.destroy()
    await soon(reading, 'reading')
  },

  'a callback that throws or rejects is reported once, and close still comes': async (stage) => {
    const fail = () => {
      throw new Error('oops')
    }
    const reject = () => Promise.reject(new Error('oops'))
    for (const name of ['open', 'data', 'end'] as const) {
      for (const failure of [fail, reject]) {
        const closed = gate<Error | undefined>()
        const { connect, errors, server } = await stage.serve({
          [name]: failure,
          close: (_, error) => closed.open(error),
        })
        await connect().then(sendAndRead).catch(ignore)
        assert.equal((await soon(closed.opened, 'close'))?.message, 'oops')
        assert.deepEqual(
          errors.map(({ message }) => message),
          ['oops'],
        )
        assert.equal(server.stats().handlerErrors, 1)
      }
    }
  },

  'close() and destroy() work inside each callback (A18)': async (stage) => {
    for (const name of ['open', 'data', 'end', 'close'] as const) {
      for (const act of ['close', 'destroy'] as const) {
        let closes = 0
        const { connect, errors, server } = await stage.serve({
          [name]: (connection: Connection) => void connection[act](),
          close(connection) {
            closes += 1
            if (name === 'close') void connection[act]()
          },
        })
        const client = await connect()
        void client.write('x')
        void client.closeWrite()
        await soon(
          readAll(client).catch(() => {}),
          'the end',
        )
        await eventually(() => assert.equal(server.openConnections, 0))
        await eventually(() => assert.equal(closes, 1))
        assert.deepEqual(errors, [])
      }
    }
  },

  'a handler of neither form throws TypeError (H6)': async ({ fixture }) => {
    const wrong = [undefined, null, 'x', 1, {}, [], { dat() {} }, { data: 1 }, { data() {}, extra: 1 }]
    for (const handler of wrong) assert.throws(() => fixture.createServer(handler as never), TypeError)
    await fixture.createServer(echo).close()
  },

  'data is for the user, and ids are unique': async (stage) => {
    const ids = new Set<number>()
    const { connect } = await stage.serve({
      open(connection) {
        ids.add(connection.id)
        connection.data = 0
      },
      data(connection) {
        connection.data = (connection.data as number) + 1
        void connection.write(`${connection.data}`)
      },
    })
    for (let count = 0; count < 3; count++) {
      const client = await connect()
      await client.write('x')
      assert.equal(String(await soon(readExactly(client, 1), 'the answer')), '1')
      await client.write('x')
      assert.equal(String(await soon(readExactly(client, 1), 'the answer')), '2')
      ids.add(client.id)
    }
    assert.equal(ids.size, 6)
  },
})

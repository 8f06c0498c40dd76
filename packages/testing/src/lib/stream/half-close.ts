import type { StreamHandler } from '@sock/core'
import assert from 'node:assert/strict'
import { PassThrough, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gate, pattern, readAll, readExactly, untilStopped } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { twoWay } from './two-way.js'
import { eventually, ignore, soon } from '../wait.js'

const MIB = 1024 * 1024

/** Ways in which programs pipe a stream back to itself. The answer may continue after the end of the input. */
const THROUGH: readonly ((stream: Duplex, tail: Buffer) => Promise<void>)[] = [
  async (stream, tail) => {
    stream.write('>')
    for await (const chunk of stream) stream.write(chunk)
    await new Promise<void>((finished) => stream.end(tail, finished))
  },
  (stream, tail) =>
    pipeline(
      stream,
      async function* (source) {
        yield '>'
        for await (const chunk of source) yield chunk
        yield tail
      },
      stream,
    ),
  (stream, tail) => {
    const between = new PassThrough({ flush: (done) => done(null, tail) })
    between.write('>')
    return pipeline(stream, between, stream)
  },
]

/** Rules for transports whose directions end independently. */
export const halfClose = defineSuite(
  'half-close',
  {
    'closeWrite() ends one direction, and a late answer still comes (A3)': async (stage) => {
      const { connect } = await stage.serve(async (connection) => {
        const request = await readAll(connection)
        for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
        await connection.write(`got ${request.length}`)
      })
      const client = await connect()
      await client.write(pattern(100_000))
      await soon(client.closeWrite(), 'closeWrite')
      assert.equal(client.isOpen, false)
      assert.equal(String(await soon(readAll(client), 'the answer')), 'got 100000')
    },

    'closeWrite() of the server leaves it reading': async (stage) => {
      const got = gate<Buffer>()
      const { connect } = await stage.serve(async (connection) => {
        await connection.write('tell me')
        await connection.closeWrite()
        got.open(await readAll(connection))
      })
      const client = await connect()
      assert.equal(String(await soon(readAll(client), 'the end')), 'tell me')
      await client.write('a late word')
      await soon(client.close(), 'close')
      assert.equal(String(await soon(got.opened, 'the late word')), 'a late word')
    },

    'closeWrite() in data, in open or after read() loses nothing of what the peer has sent': async (
      stage,
    ) => {
      // Several TLS records, which arrive in one read.
      const sent = pattern(40_000)
      const got: Buffer[] = []
      const forms: readonly StreamHandler[] = [
        {
          open: (connection) => void connection.closeWrite(),
          data: (_, chunk) => void got.push(Buffer.from(chunk)),
        },
        {
          data(connection, chunk) {
            got.push(Buffer.from(chunk))
            void connection.closeWrite()
          },
        },
        async (connection) => {
          got.push(Buffer.from((await connection.read()) as Buffer))
          void connection.closeWrite()
          got.push(await readAll(connection))
        },
      ]
      for (const handler of forms) {
        const { connect, server } = await stage.serve(handler)
        const client = await connect()
        await client.write(sent)
        await soon(client.closeWrite(), 'closeWrite')
        assert.equal(await soon(readAll(client), 'the end').then(String), '')
        await eventually(() => assert.equal(server.openConnections, 0))
        assert.ok(Buffer.concat(got.splice(0)).equals(sent), 'bytes are missing')
      }
    },

    'closeWrite() of a client that has just got something loses nothing of the rest': async (stage) => {
      const sent = pattern(40_000)
      const { connect } = await stage.serve((connection) => void connection.write(sent))
      const client = await connect()
      const first = (await soon(client.read(), 'the input')) as Buffer
      void client.closeWrite()
      const rest = await soon(readAll(client), 'the rest')
      assert.ok(Buffer.concat([first, rest]).equals(sent), 'bytes are missing')
    },

    'stream in a pipeline with itself gives the whole answer, and then the end': async (stage) => {
      const sent = pattern(MIB)
      const tail = pattern(200_000, 1)
      const expected = Buffer.concat([Buffer.from('>'), sent, tail])
      for (const through of THROUGH) {
        const { connect, errors, events } = await stage.serve(({ stream }) => through(stream, tail))
        const client = await connect()
        void client.write(sent)
        void client.closeWrite()
        assert.ok((await soon(readAll(client), 'the answer')).equals(expected), 'bytes are missing')
        await eventually(() => assert.equal(events.at(-1)?.reason, 'ended'))
        assert.deepEqual(errors, [])
      }
    },

    'destroy() right after closeWrite() destroys': async (stage) => {
      const { connect, events } = await stage.serve({
        data(connection) {
          void stage.keep(connection.closeWrite()).catch(ignore)
          connection.destroy()
        },
      })
      const client = await connect()
      await client.write('x')
      await soon(readAll(client).catch(ignore), 'the end')
      await eventually(() => assert.equal(events.at(-1)?.reason, 'destroyed'))
    },

    'closeWrite() of both sides closes the connection as ended': async (stage) => {
      const { connect, server, events } = await stage.serve({
        open: (connection) => connection.closeWrite(),
        end() {},
      })
      const client = await connect()
      await soon(client.closeWrite(), 'closeWrite')
      assert.equal(await soon(client.read(), 'the input'), null)
      await eventually(() => assert.equal(server.openConnections, 0))
      assert.equal(events.at(-1)?.reason, 'ended')
    },

    'closeWrite() twice is the same, and write() afterwards rejects (A3)': async (stage) => {
      const { connect } = await stage.serve(async (connection) => void (await readAll(connection)))
      const client = await connect()
      await soon(Promise.all([client.closeWrite(), client.closeWrite()]), 'closeWrite')
      await soon(client.closeWrite(), 'closeWrite')
      await assert.rejects(client.write('x'), { code: 'ERR_SOCK_CLOSED' })
    },

    'closeRead() discards what still arrives, and writing goes on': async (stage) => {
      const go = gate()
      const { connect } = await stage.serve(async (connection) => {
        connection.closeRead()
        assert.equal(await connection.read(), null)
        await go.opened
        await connection.write('I did not listen')
      })
      const client = await connect()
      // More than all buffers on the way can hold: it must be read, although the program ignores it.
      await soon(client.write(pattern(16 * MIB)), 'a write to one who discards')
      go.open()
      assert.equal(String(await soon(readAll(client), 'the answer')), 'I did not listen')
    },

    'closeRead() makes a waiting read() see the end': async (stage) => {
      const { connect } = await stage.serve(untilStopped)
      const client = await connect()
      const reading = client.read()
      client.closeRead()
      assert.equal(await soon(reading, 'reading'), null)
    },

    'close() flushes first': async (stage) => {
      const sent = pattern(8 * MIB)
      const { connect } = await stage.serve((connection) => {
        void connection.write(sent)
        void connection.close()
      })
      const client = await connect()
      assert.ok((await soon(readAll(client), 'the answer')).equals(sent))
    },

    'close() resolves when closed, twice too, and read() gives null then': async (stage) => {
      const { connect } = await stage.serve(async (connection) => void (await readAll(connection)))
      const client = await connect()
      const reading = client.read()
      await soon(Promise.all([client.close(), client.close()]), 'closing')
      assert.equal(await soon(reading, 'reading'), null)
      await soon(client.close(), 'close')
      await client[Symbol.asyncDispose]()
    },

    'close() rejects if what was written could not be flushed': async (stage) => {
      const { connect } = await stage.serve(untilStopped)
      const client = await connect()
      while (!client.writableNeedDrain) void client.write(pattern(MIB))
      const closing = client.close()
      client.destroy()
      await assert.rejects(closing, { code: 'ERR_SOCK_CLOSED' })
    },

    'an answer arrives whole though the request was left unread': async (stage) => {
      const answer = pattern(256 * 1024)
      const { connect, errors } = await stage.serve((connection) => connection.write(answer))
      for (let round = 0; round < 10; round++) {
        const client = await connect()
        void client.write(pattern(MIB))
        assert.ok((await soon(readAll(client), 'the answer')).equals(answer), 'the answer was cut short')
        await client.close().catch(() => {})
      }
      assert.deepEqual(errors, [])
    },

    'an answer arrives whole though the request is still arriving': async (stage) => {
      const { connect } = await stage.serve(async (connection) => {
        await readExactly(connection, 5).catch(() => {})
        await connection.write('too much')
      })
      const client = await connect()
      await client.write('first')
      const answered = new AbortController()
      const sending = (async () => {
        while (!answered.signal.aborted && client.isOpen) {
          await client.write(pattern(10_000)).catch(() => {})
          await new Promise(setImmediate)
        }
      })()
      assert.equal(String(await soon(readAll(client), 'the answer')), 'too much')
      answered.abort()
      await soon(sending, 'sending')
    },

    'a peer that never closes after our end does not keep the connection open for ever': async (stage) => {
      const { connect, server, events } = await stage.serve(() => {})
      const client = await connect()
      assert.equal(await soon(client.read(), 'the input'), null)
      await eventually(() => assert.equal(server.openConnections, 0))
      assert.equal(events.at(-1)?.reason, 'ended')
    },
  },
  [twoWay],
)

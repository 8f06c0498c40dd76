import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { echo, pattern, readAll, readExactly, untilStopped } from '../handlers.js'
import { oneWay } from './one-way.js'
import { defineSuite } from '../stage.js'
import { eventually, soon } from '../wait.js'

const MIB = 1024 * 1024

/** Rules for both directions together. */
export const twoWay = defineSuite(
  'two way',
  {
    'bytes go both ways at the same time': async (stage) => {
      const { connect } = await stage.serve(echo)
      const client = await connect()
      const sent = pattern(4 * MIB)
      const receiving = readExactly(client, sent.length)
      await client.write(sent)
      assert.ok((await soon(receiving, 'the echo')).equals(sent))
    },

    'unref() and ref() return the connection, on which bytes flow as before': async (stage) => {
      const { connect } = await stage.serve((connection) => echo(connection.unref()))
      const client = await connect()
      assert.equal(client.unref(), client)
      await client.write('x')
      assert.equal(String(await soon(client.read(), 'the echo')), 'x')
      assert.equal(client.ref(), client)
      await soon(client.close(), 'close')
      assert.equal(client.unref().ref(), client)
    },

    'a hundred messages are echoed, one after the other': async (stage) => {
      const { connect } = await stage.serve(echo)
      const client = await connect()
      for (let round = 0; round < 100; round++) {
        const message = `message ${round}`
        await client.write(message)
        assert.equal(String(await soon(readExactly(client, message.length), 'the answer')), message)
      }
    },

    'small and large writes arrive in order, from wherever they are made, and all before close()': async (
      stage,
    ) => {
      const lines: string[] = []
      const { connect } = await stage.serve(async (connection) => {
        const write = (length: number): Promise<void> => {
          lines.push(`${lines.length},`.padStart(length, '.'))
          return connection.write(lines.at(-1) as string)
        }
        await connection.read()
        for (let round = 0; round < 20; round++) {
          for (let index = 0; index < 30; index++) void write(8)
          queueMicrotask(() => void write(100))
          process.nextTick(() => void write(5000))
          await write(8)
          await write(20_000)
          if (round % 3 === 0) await new Promise(setImmediate)
        }
        await new Promise(setImmediate)
        for (let index = 0; index < 30; index++) void write(8)
        await connection.close()
      })
      const client = await connect()
      await client.write('go')
      const got = String(await soon(readAll(client), 'everything'))
      assert.equal(lines.length, 20 * 34 + 30)
      assert.ok(got === lines.join(''), 'bytes are missing, or came in another order')
    },

    'twenty concurrent connections each get their own answers': async (stage) => {
      const { connect, server } = await stage.serve(echo)
      const talk = async (seed: number) => {
        const client = await connect()
        const sent = pattern(100_000, seed * 1_000_003)
        const receiving = readExactly(client, sent.length)
        await client.write(sent)
        assert.ok((await receiving).equals(sent), `connection ${seed} got something else`)
        await soon(client.close(), 'close')
      }
      await soon(Promise.all(Array.from({ length: 20 }, (_, seed) => talk(seed))), 'twenty echoes')
      assert.equal(server.stats().accepted, 20)
    },

    'stream is the same connection as a Node stream': async (stage) => {
      const { connect, server, errors } = await stage.serve(({ stream }) => pipeline(stream, stream))
      const client = await connect()
      const sent = pattern(2 * MIB)
      const receiving = readAll(client)
      await client.write(sent)
      await soon(client.closeWrite(), 'closeWrite')
      assert.ok((await soon(receiving, 'the echo')).equals(sent))
      await eventually(() => assert.equal(server.openConnections, 0))
      assert.deepEqual(errors, [])
    },

    'stream becomes web streams, one for each direction': async (stage) => {
      const sent = pattern(2 * MIB)
      const { connect, server, errors } = await stage.serve(async ({ stream }) => {
        const { readable, writable } = Duplex.toWeb(stream)
        const reader = readable.getReader()
        const writer = writable.getWriter()
        // Do not wait for the end: before Node 26.3 it comes only after the other direction has ended.
        for (let left = sent.length; left > 0;) {
          const { value } = (await reader.read()) as { value: Uint8Array }
          left -= value.length
          await writer.write(value)
        }
        await writer.close()
      })
      const client = await connect()
      const receiving = readAll(client)
      await client.write(sent)
      await soon(client.closeWrite(), 'closeWrite')
      assert.ok((await soon(receiving, 'the echo')).equals(sent))
      await eventually(() => assert.equal(server.openConnections, 0))
      assert.deepEqual(errors, [])
    },

    'a web stream of the connection ends with the input': async (stage) => {
      const { connect, server, errors } = await stage.serve((connection) =>
        ReadableStream.from(connection).pipeTo(
          new WritableStream({ write: (chunk: Uint8Array) => connection.write(chunk) }),
        ),
      )
      const client = await connect()
      const sent = pattern(2 * MIB)
      const receiving = readAll(client)
      await client.write(sent)
      await soon(client.closeWrite(), 'closeWrite')
      assert.ok((await soon(receiving, 'the echo')).equals(sent))
      await eventually(() => assert.equal(server.openConnections, 0))
      assert.deepEqual(errors, [])
    },

    'stream takes the input from then on': async (stage) => {
      const { connect } = await stage.serve(untilStopped)
      const client = await connect()
      const { stream } = client
      assert.equal(client.stream, stream)
      await assert.rejects(client.read(), { code: 'ERR_SOCK_INVALID_STATE' })
      assert.throws(() => client[Symbol.asyncIterator](), { code: 'ERR_SOCK_INVALID_STATE' })
    },

    'stream that is destroyed destroys the connection, and the other way round': async (stage) => {
      const { connect, server } = await stage.serve(untilStopped)
      const first = await connect()
      first.stream.destroy()
      await eventually(() => assert.equal(first.isOpen, false))
      const second = await connect()
      const { stream } = second
      second.destroy()
      await eventually(() => assert.equal(stream.destroyed, true))
      await soon(server.close(), 'close')
    },

    'a name for each side is known where there is one': async (stage) => {
      const { connect, address } = await stage.serve(echo)
      const client = await connect()
      assert.deepEqual({ ...client.remoteAddress }, { ...address })
      assert.equal(String(client.remoteAddress), String(address))
      assert.equal(client.transport, stage.fixture.createServer(echo).transport)
    },
  },
  [oneWay],
)

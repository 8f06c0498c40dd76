import type { ConnectionEvent, Datagram, DatagramHandler } from '@sock/core'
import assert from 'node:assert/strict'
import { echo, gate, pattern } from '../handlers.js'
import { defineDatagramSuite } from '../stage.js'
import { eventually, soon } from '../wait.js'

/** Exchanges between a client and a server. */
export const datagramChannel = defineDatagramSuite('a channel', {
  'write() and read() keep the boundaries of datagrams, empty ones too (D1)': async (stage) => {
    const { connect } = await stage.serve(echo)
    const client = await connect()
    for (const size of [1, 0, 2, 1400, 0, 8192]) {
      await client.write(pattern(size))
      const answer = await soon(client.read(), 'the echo')
      assert.ok(answer?.equals(pattern(size)), `an answer to ${size} bytes`)
    }
  },

  'write() sends strings as UTF-8, and of a view only what it shows': async (stage) => {
    const { connect } = await stage.serve(echo)
    const client = await connect()
    await client.write('grüße')
    assert.equal(String(await soon(client.read(), 'the echo')), 'grüße')
    await client.write(new Uint8Array(Buffer.from('abcdef')).subarray(2, 4))
    assert.equal(String(await soon(client.read(), 'the echo')), 'cd')
  },

  'write() and send() of something else than bytes or a string reject, and the channel lives on': async (
    stage,
  ) => {
    const { connect, address } = await stage.serve(echo)
    const client = await connect()
    for (const wrong of [1, {}, null, undefined, [1], new ArrayBuffer(2)]) {
      await assert.rejects(client.write(wrong as never), TypeError)
      await assert.rejects(client.send(wrong as never, address), TypeError)
    }
    await client.write('x')
    assert.equal(String(await soon(client.read(), 'the echo')), 'x')
  },

  'write() before anything was read rejects, and the server answers the next datagram': async (stage) => {
    const failure = gate<unknown>()
    const { connect } = await stage.serve({
      open: (channel) => channel.write('hello?').catch(failure.open),
      data: (channel, data) => channel.write(data),
    })
    const client = await connect()
    await client.write('x')
    assert.equal(String(await soon(client.read(), 'the echo')), 'x')
    const { code, message } = (await failure.opened) as { code: string; message: string }
    assert.equal(code, 'ERR_SOCK_NO_PEER_ADDRESS')
    assert.equal(
      message,
      'Cannot write: no datagram was read yet, so there is no sender to answer. Use send(data, to)',
    )
  },

  'write() of too much rejects with ERR_SOCK_MESSAGE_TOO_LARGE, on both sides, and both live on (D2)': async (
    stage,
  ) => {
    const tooLarge = new Uint8Array(4 * 1024 * 1024)
    const codes: unknown[] = []
    const { connect } = await stage.serve(async (channel) => {
      for await (const data of channel) {
        await channel.write(tooLarge).catch((error: { code?: unknown }) => codes.push(error.code))
        await channel.write(data)
      }
    })
    const client = await connect()
    await assert.rejects(client.write(tooLarge), { code: 'ERR_SOCK_MESSAGE_TOO_LARGE' })
    await client.write('x')
    assert.equal(String(await soon(client.read(), 'the answer')), 'x')
    assert.deepEqual(codes, ['ERR_SOCK_MESSAGE_TOO_LARGE'])
  },

  'receive() and reply() answer each sender, even after other datagrams were read': async (stage) => {
    const waiting: Datagram[] = []
    const { connect } = await stage.serve(async (channel) => {
      for await (const datagram of channel.datagrams()) {
        assert.equal(datagram.truncated, false)
        waiting.push(datagram)
        if (waiting.length < 5) continue
        for (const { data, reply } of waiting
          .splice(0)
          .map((one) => ({ data: one.data, reply: one.reply.bind(one) }))) {
          await reply(data)
        }
      }
    })
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect()))
    await Promise.all(clients.map((client, index) => client.write(`client ${index}`)))
    const answers = await soon(Promise.all(clients.map((client) => client.read())), 'five answers')
    assert.deepEqual(
      answers.map(String),
      Array.from({ length: 5 }, (_, index) => `client ${index}`),
    )
  },

  'reply() rejects once the server is closed': async (stage) => {
    const kept = gate<Datagram>()
    const { connect, server } = await stage.serve(async (channel) => {
      for await (const datagram of channel.datagrams()) kept.open(datagram)
    })
    await (await connect()).write('x')
    const datagram = await soon(kept.opened, 'the datagram')
    await soon(server.close(), 'close')
    await assert.rejects(datagram.reply('late'), { code: 'ERR_SOCK_CLOSED' })
  },

  'send() goes to any address': async (stage) => {
    const { connect } = await stage.serve(async (channel) => {
      for (let datagram; (datagram = await channel.receive()) !== null;) {
        assert.ok(datagram.remoteAddress !== undefined)
        assert.deepEqual(channel.remoteAddress, datagram.remoteAddress)
        await channel.send(datagram.data, datagram.remoteAddress)
      }
    })
    const client = await connect()
    await client.write('hello')
    assert.equal(String(await soon(client.read(), 'the answer')), 'hello')
  },

  'fifty senders at once get each exactly their own replies': async (stage) => {
    const turn = (): Promise<void> => new Promise(setImmediate)
    const handlers: DatagramHandler[] = [
      echo,
      async (channel) => channel.write((await channel.read()) ?? ''),
      { data: (channel, data) => channel.write(data) },
      // Slow ones, which answer when other datagrams have been received.
      async (channel) => {
        for await (const datagram of channel.datagrams())
          void turn().then(() => datagram.reply(datagram.data))
      },
      async (channel) => {
        const data = await channel.read()
        await turn()
        await channel.write(data ?? '')
      },
      {
        async data(channel, data) {
          await turn()
          await channel.write(data)
        },
      },
    ]
    for (const handler of handlers) {
      const { connect, errors } = await stage.serve(handler)
      const talk = async (_: unknown, index: number) => {
        const client = await connect()
        for (let round = 0; round < 5; round++) {
          await client.write(`${index}/${round}`)
          assert.equal(String(await soon(client.read(), `the reply to ${index}`)), `${index}/${round}`)
        }
        await soon(client.close(), 'close')
      }
      await Promise.all(Array.from({ length: 50 }, talk))
      assert.deepEqual(errors, [])
    }
  },

  'read() gives buffers that stay as they are': async (stage) => {
    const { connect } = await stage.serve(echo)
    const client = await connect()
    const kept: Buffer[] = []
    for (let round = 0; round < 20; round++) {
      await client.write(pattern(1000, round))
      kept.push((await soon(client.read(), 'the echo')) as Buffer)
    }
    for (const [round, buffer] of kept.entries()) assert.ok(buffer.equals(pattern(1000, round)))
  },

  'read() while another one waits rejects, and the first still gets its datagram': async (stage) => {
    const { connect } = await stage.serve(echo)
    const client = await connect()
    const first = client.read()
    const others = [client.read(), client.receive(), client.datagrams()[Symbol.asyncIterator]().next()]
    for (const other of others) await assert.rejects(other, { code: 'ERR_SOCK_INVALID_STATE' })
    await client.write('x')
    assert.equal(String(await soon(first, 'the echo')), 'x')
  },

  'onState observes a client from dial to close': async (stage) => {
    const { connect, address } = await stage.serve(echo)
    const events: ConnectionEvent[] = []
    const client = await connect({ onState: (event) => void events.push(event) })
    await client.write('x')
    await soon(client.read(), 'the echo')
    await soon(client.close(), 'close')
    const local = String(client.localAddress)
    assert.deepEqual(
      events.map((event) => [event.state, event.local === undefined ? undefined : String(event.local)]),
      [['dial', undefined], ...['new', 'handler', 'write', 'read', 'close'].map((state) => [state, local])],
    )
    for (const { id, remote } of events) assert.deepEqual([id, String(remote)], [client.id, String(address)])
  },

  'close() of a client makes a waiting read() see the end, and write() reject': async (stage) => {
    const { connect } = await stage.serve(echo)
    const client = await connect()
    const reading = client.read()
    const closing = client.close()
    assert.equal(await soon(reading, 'the end'), null)
    await soon(closing, 'closing')
    await soon(client.close(), 'close')
    assert.equal(client.isOpen, false)
    assert.equal(await soon(client.read(), 'the input'), null)
    await assert.rejects(client.write('x'), { code: 'ERR_SOCK_CLOSED' })
    assert.ok(client.signal.aborted)
    assert.equal((client.signal.reason as { code?: unknown }).code, 'ERR_SOCK_CLOSED')
  },

  'close() of a client lets what was written leave': async (stage) => {
    const got: string[] = []
    const { connect } = await stage.serve({ data: (_, data) => void got.push(String(data)) })
    const client = await connect()
    for (let count = 0; count < 5; count++) void client.write(`${count}`)
    await soon(client.close(), 'closing')
    await eventually(() => assert.deepEqual(got, ['0', '1', '2', '3', '4']))
  },

  'every send settles when close() comes in the same tick': async (stage) => {
    const { connect, server } = await stage.serve(echo)
    const client = await connect()
    const sending = Array.from({ length: 200 }, (_, index) => client.write(`${index}`))
    await soon(Promise.all([client.close(), server.close()]), 'closing')
    const results = await soon(Promise.allSettled(sending), 'settling')
    assert.equal(results.length, 200)
  },

  'stop: signal tells a handler that the server is draining': async (stage) => {
    const reason = gate<unknown>()
    const { connect, server } = await stage.serve(async (channel) => {
      channel.signal.addEventListener('abort', () => reason.open(channel.signal.reason))
      await channel.write((await channel.read()) ?? '')
    })
    const client = await connect()
    await client.write('x')
    await soon(client.read(), 'the answer')
    await soon(server.shutdown(), 'shutdown')
    assert.equal(((await soon(reason.opened, 'the signal')) as { code: string }).code, 'ERR_SOCK_DRAINING')
  },
})

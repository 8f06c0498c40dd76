import type { Datagram, DatagramChannel, DatagramHandler } from '@sock/core'
import assert from 'node:assert/strict'
import { echo, gate } from '../handlers.js'
import { defineDatagramSuite } from '../stage.js'
import { eventually, ignore, soon } from '../wait.js'
import { expectEcho } from './expect-echo.js'

/** When a datagram server calls its handler function, what `close()` means there, and what it does after a failure. */
export const datagramServerHandlers = defineDatagramSuite('handlers of a server', {
  'a function that loops runs once for the datagrams of all senders': async (stage) => {
    let runs = 0
    const { connect } = await stage.serve((channel) => {
      runs += 1
      return echo(channel)
    })
    const clients = [await connect(), await connect()]
    for (let round = 0; round < 3; round++) {
      for (const client of clients) await expectEcho(client, `${round}`)
    }
    assert.equal(runs, 1)
  },

  'a function that reads one, replies and returns runs again for the next': async (stage) => {
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

  'a function runs once for each datagram, and one run at a time, also when datagrams come faster': async (
    stage,
  ) => {
    let runs = 0
    let running = 0
    let most = 0
    const { connect } = await stage.serve(async (channel) => {
      runs += 1
      running += 1
      most = Math.max(most, running)
      const data = await channel.read()
      await new Promise(setImmediate)
      await channel.write(data ?? '')
      running -= 1
    })
    const client = await connect()
    const words = Array.from({ length: 20 }, (_, index) => `${index}`)
    await Promise.all(words.map((word) => client.write(word)))
    for (const word of words) assert.equal(String(await soon(client.read(), 'the answer')), word)
    assert.deepEqual([runs, most], [20, 1])
  },

  'a function that is not async, and reads, runs for each datagram': async (stage) => {
    const { connect } = await stage.serve((channel) => {
      void channel.receive().then((datagram) => datagram?.reply(datagram.data))
    })
    const client = await connect()
    for (const word of ['a', 'b']) await client.write(word)
    for (const word of ['a', 'b']) assert.equal(String(await soon(client.read(), 'the answer')), word)
  },

  'a function that does not read loses the datagram it was called for, and does not run for ever': async (
    stage,
  ) => {
    const acts: ((channel: DatagramChannel) => unknown)[] = [
      ignore,
      () => new Promise(setImmediate),
      () => Promise.reject(new Error('no')),
      (channel) => channel.close(),
    ]
    for (const act of acts) {
      let runs = 0
      const { connect, server } = await stage.serve((channel) => {
        runs += 1
        return act(channel) as void
      })
      const client = await connect()
      for (let count = 0; count < 3; count++) await client.write('x')
      await eventually(() => assert.equal(server.stats().datagramsDropped.unread, 3))
      // Another run would begin in the next turn.
      await new Promise(setImmediate)
      await new Promise(setImmediate)
      assert.equal(runs, 3)
      const { queueFull, closing } = server.stats().datagramsDropped
      assert.deepEqual([queueFull, closing, server.state], [0, 0, 'listening'])
    }
  },

  'a run that is over leaves no read() behind that takes the next datagram': async (stage) => {
    const seen: string[] = []
    const stale = gate<Buffer | null>()
    const { connect } = await stage.serve(async (channel) => {
      seen.push(String(await channel.read()))
      if (seen.length === 1) void channel.read().then(stale.open)
    })
    const client = await connect()
    await client.write('a')
    assert.equal(await soon(stale.opened, 'the end of the first run'), null)
    for (const word of ['b', 'c']) await client.write(word)
    await eventually(() => assert.deepEqual(seen, ['a', 'b', 'c']))
  },

  'iteration may be left early, and another read continues': async (stage) => {
    const { connect } = await stage.serve(async (channel) => {
      const seen: string[] = []
      for await (const data of channel) {
        seen.push(`${data}`)
        break
      }
      for await (const { data } of channel.datagrams()) {
        seen.push(`${data}`)
        break
      }
      seen.push(`${await channel.read()}`)
      await channel.write(seen.join(' '))
    })
    const client = await connect()
    for (const word of ['a', 'b', 'c', 'd', 'e', 'f']) await client.write(word)
    for (const words of ['a b c', 'd e f'])
      assert.equal(String(await soon(client.read(), 'the answer')), words)
  },

  'close() or disposal in a function ends its run, and not the server': async (stage) => {
    for (const close of [
      (channel: DatagramChannel) => channel.close(),
      (channel: DatagramChannel) => channel[Symbol.asyncDispose](),
    ]) {
      const seen: unknown[] = []
      const { connect, server } = await stage.serve(async (channel) => {
        await channel.write((await channel.read()) ?? '')
        await close(channel)
        const late = await channel.write('too late').catch((error: { code?: unknown }) => error.code)
        seen.push([channel.isOpen, late, await channel.read(), await channel.receive()])
      })
      const client = await connect()
      for (let round = 1; round <= 3; round++) await expectEcho(client, `${round}`)
      const closed = [false, 'ERR_SOCK_CLOSED', null, null]
      await eventually(() => assert.deepEqual(seen, [closed, closed, closed]))
      assert.deepEqual([server.state, server.openConnections], ['listening', 1])
    }
  },

  'close() in a loop ends it once what was sent has left, and the next datagram begins another run': async (
    stage,
  ) => {
    let runs = 0
    const { connect } = await stage.serve(async (channel) => {
      runs += 1
      for await (const data of channel) {
        void channel.write(data)
        await channel.close()
      }
    })
    const client = await connect()
    const words = ['one', 'two', 'three']
    for (const word of words) await client.write(word)
    for (const word of words) assert.equal(String(await soon(client.read(), 'the answer')), word)
    assert.equal(runs, 3)
  },

  'close() in a function wakes a read() that waits in the same run': async (stage) => {
    const ended = gate<Buffer | null>()
    const { connect, server } = await stage.serve(async (channel) => {
      await channel.read()
      const waiting = channel.read()
      await channel.close()
      ended.open(await waiting)
    })
    await (await connect()).write('x')
    assert.equal(await soon(ended.opened, 'the end of the run'), null)
    assert.equal(server.state, 'listening')
  },

  'close() in a function leaves datagrams of earlier runs answerable': async (stage) => {
    let first: Datagram | null | undefined
    const { connect } = await stage.serve(async (channel) => {
      if (first === undefined) {
        first = await channel.receive()
        return
      }
      await channel.close()
      await first?.reply('late')
    })
    const client = await connect()
    for (const word of ['one', 'two']) await client.write(word)
    assert.equal(String(await soon(client.read(), 'the answer')), 'late')
  },

  'a handler that throws or rejects is reported with its channel, and the server goes on': async (stage) => {
    const answer = async (channel: DatagramChannel, data: Buffer): Promise<void> => {
      if (String(data) === 'bad') throw new Error('oops')
      await channel.write(data)
    }
    const handlers: DatagramHandler[] = [
      async (channel) => answer(channel, (await channel.read()) as Buffer),
      async (channel) => {
        for await (const data of channel) await answer(channel, data)
      },
      { data: answer },
    ]
    for (const handler of handlers) {
      const { connect, server, address, errors } = await stage.serve(handler)
      const channels: unknown[] = []
      server.on('error', (_, channel) => channels.push(channel?.localAddress))
      const client = await connect()
      await client.write('bad')
      await eventually(() =>
        assert.deepEqual(
          errors.map(({ message }) => message),
          ['oops'],
        ),
      )
      assert.deepEqual(channels, [address])
      await expectEcho(client, 'good')
      assert.equal(server.stats().handlerErrors, 1)
    }
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
})

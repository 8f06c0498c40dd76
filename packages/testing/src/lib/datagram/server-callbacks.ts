import assert from 'node:assert/strict'
import { echo, gate } from '../handlers.js'
import { defineDatagramSuite } from '../stage.js'
import { soon } from '../wait.js'
import { expectEcho } from './expect-echo.js'

/** When a datagram server calls the callbacks of its handler, and with what. */
export const datagramServerCallbacks = defineDatagramSuite('callbacks of a server', {
  'open comes once the server is bound, and close with the reason once it is closed': async (stage) => {
    for (const end of ['shutdown', 'close'] as const) {
      const calls: unknown[] = []
      const { server, address } = await stage.serve({
        open: (channel) => void calls.push(['open', channel.localAddress, channel.isOpen]),
        close(channel, error) {
          const { code } = (error ?? {}) as { code?: string }
          calls.push(['close', channel.localAddress, channel.isOpen, code])
        },
      })
      await server[end]()
      assert.deepEqual(calls, [
        ['open', address, true],
        ['close', address, false, end === 'close' ? 'ERR_SOCK_CLOSED' : undefined],
      ])
    }
  },

  'open alone leaves the input to read()': async (stage) => {
    const { connect, server } = await stage.serve({ open: echo })
    const client = await connect()
    for (const word of ['one', 'two']) await expectEcho(client, word)
    assert.deepEqual(await soon(server.shutdown(), 'shutdown'), { idle: 1, drained: 0, forced: 0 })
  },

  'data gets the bytes, their sender, and whether they were cut': async (stage) => {
    const seen = gate<unknown[]>()
    const { connect } = await stage.serve({
      data: (channel, data, from, truncated) =>
        seen.open([String(data), String(from), truncated, String(channel.remoteAddress)]),
    })
    const client = await connect()
    await client.write('x')
    const sender = String(client.localAddress)
    assert.deepEqual(await soon(seen.opened, 'the datagram'), ['x', sender, false, sender])
  },

  'data that is async does not overlap, and write() answers the datagram at hand': async (stage) => {
    let running = 0
    let most = 0
    const { connect } = await stage.serve({
      async data(channel, data) {
        running += 1
        most = Math.max(most, running)
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
    assert.equal(most, 1)
  },

  'data takes the input: read(), receive() and iteration are refused': async (stage) => {
    const refused = gate<unknown[]>()
    const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
      promise.catch((error: { code?: unknown }) => error.code)
    await stage.serve({
      open: async (channel) => {
        const reads = [channel.read(), channel.receive(), channel[Symbol.asyncIterator]().next()]
        refused.open(await Promise.all(reads.map(codeOf)))
      },
      data() {},
    })
    assert.deepEqual(
      await soon(refused.opened, 'the refusals'),
      Array.from({ length: 3 }, () => 'ERR_SOCK_INVALID_STATE'),
    )
  },

  'close() in a callback does not end the server': async (stage) => {
    const { connect, server } = await stage.serve({
      async data(channel, data) {
        await channel.write(data)
        await channel.close()
      },
    })
    const client = await connect()
    for (let round = 1; round <= 3; round++) await expectEcho(client, `${round}`)
    assert.equal(server.state, 'listening')
  },
})

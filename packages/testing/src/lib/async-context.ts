import type { Channel, Connection } from '@sock/core'
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { gate } from './handlers.js'
import { defineDatagramSuite, defineSuite, type Kind } from './stage.js'
import { eventually, soon } from './wait.js'

/** Clients that are served at once, so that an engine handles several in one call. */
const PEERS = 8
const ROUNDS = 3

/** Records whether a callback sees the asynchronous context that another connection has entered. */
class Witness {
  readonly store = new AsyncLocalStorage<number | string | undefined>()
  readonly strangers: string[] = []

  /** Checks a callback of `self`: it sees no context, or the one it entered before. Then it enters its own. */
  look(self: number | string, where: string): void {
    const seen = this.store.getStore()
    if (seen !== undefined && seen !== self) this.strangers.push(`${where} of ${self} saw ${seen}`)
    this.store.enterWith(self)
  }

  assertAlone(): void {
    assert.deepEqual(this.strangers, [])
  }
}

async function connectAll<K extends Kind>(connect: () => Promise<K['channel']>): Promise<K['channel'][]> {
  return soon(Promise.all(Array.from({ length: PEERS }, () => connect())), 'clients')
}

/** All clients write at once, and read the answers. */
async function talk(clients: readonly Channel[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(clients.map((client) => client.write('x')))
    await soon(Promise.all(clients.map((client) => client.read())), 'answers')
  }
}

/** AsyncLocalStorage in the callbacks of connections: each has a context of its own. */
export const streamContexts = defineSuite('asynchronous contexts', {
  'what a connection enters in a callback no other one sees': async (stage) => {
    const witness = new Witness()
    const look = (connection: Connection, where: string): void => witness.look(connection.id, where)
    const { connect, server } = await stage.serve({
      open(connection) {
        look(connection, 'open')
        connection.signal.addEventListener('abort', () => look(connection, 'abort'))
      },
      data(connection, chunk) {
        look(connection, 'data')
        return connection.write(chunk)
      },
      end(connection) {
        look(connection, 'end')
        void connection.close()
      },
      close: (connection) => look(connection, 'close'),
    })
    const clients = (await connectAll(connect)) as Connection[]
    await talk(clients)
    // Some clients close, some reset, and the server ends the others.
    await soon(Promise.all(clients.slice(0, 3).map((client) => client.close())), 'closing')
    for (const client of clients.slice(3, 5)) client.destroy(new Error('enough'))
    await soon(server.shutdown(), 'shutdown')
    witness.assertAlone()
  },

  'what a handler enters it sees to its end, and no other one': async (stage) => {
    const witness = new Witness()
    let ended = 0
    const { connect } = await stage.serve(async (connection) => {
      witness.look(connection.id, 'handler')
      for await (const chunk of connection) {
        assert.equal(witness.store.getStore(), connection.id)
        await witness.store.run('inside', () => connection.write(chunk))
        assert.equal(witness.store.getStore(), connection.id)
      }
      assert.equal(witness.store.getStore(), connection.id)
      ended += 1
    })
    const clients = await connectAll(connect)
    await talk(clients)
    await soon(Promise.all(clients.map((client) => client.close())), 'closing')
    await eventually(() => assert.equal(ended, PEERS))
    witness.assertAlone()
  },

  'what a client enters no other one sees': async (stage) => {
    const witness = new Witness()
    const { connect } = await stage.serve({ data: (connection, chunk) => connection.write(chunk) })
    let last = 0
    const clients = await connectAll(() => {
      const self = `client ${++last}`
      return witness.store.run(self, () => connect({ onState: ({ state }) => witness.look(self, state) }))
    })
    await talkEach(clients, witness)
    await soon(
      Promise.all(
        clients.map((client, index) => witness.store.run(`client ${index + 1}`, () => client.close())),
      ),
      'closing',
    )
    witness.assertAlone()
  },

  'a deadline strikes each in a context of its own': async (stage) => {
    const witness = new Witness()
    const closed = gate()
    let count = 0
    const { connect } = await stage.serve(
      {
        open(connection) {
          connection.signal.addEventListener('abort', () => witness.look(connection.id, 'abort'))
        },
        // The server's timer starts in that context.
        data: (connection) => witness.look(connection.id, 'data'),
        close(connection) {
          witness.look(connection.id, 'close')
          if (++count === PEERS) closed.open()
        },
      },
      { idleTimeout: 50 },
    )
    const clients = await connectAll(connect)
    await Promise.all(clients.map((client) => client.write('x').catch(() => undefined)))
    await soon(closed.opened, 'all have been idle for too long')
    witness.assertAlone()
  },
})

/** AsyncLocalStorage in connections over an engine's sockets. */
export const socketContexts = defineSuite('asynchronous contexts', {
  'a connection begins in the context of listen(), and a client hears in that of connect()': async (
    stage,
  ) => {
    const store = new AsyncLocalStorage<string>()
    const heard = gate<unknown>()
    const open = (): void => heard.open(store.getStore())
    const data = (connection: Connection, chunk: Buffer): Promise<void> => connection.write(chunk)
    const { connect } = await store.run('listen', () => stage.serve({ open, data }))
    const seen = new Map<string, unknown>()
    const onState = ({ state }: { state: string }): void => void seen.set(state, store.getStore())
    const client = await store.run('connect', () => connect({ onState }))
    await client.write('x')
    await soon(client.read(), 'the answer')
    assert.equal(await soon(heard.opened, 'the call of open'), 'listen')
    assert.deepEqual([seen.get('new'), seen.get('read')], ['connect', 'connect'])
  },
})

/** AsyncLocalStorage in the callbacks of datagram channels. */
export const datagramContexts = defineDatagramSuite('asynchronous contexts', {
  'what a channel enters no other one sees, in callbacks and in handlers': async (stage) => {
    const witness = new Witness()
    const callbacks = (name: string) => ({
      open: () => witness.look(name, 'open'),
      async data(channel: Channel, data: Buffer) {
        witness.look(name, 'data')
        await channel.write(data)
        witness.look(name, 'what follows data')
      },
      close: () => witness.look(name, 'close'),
    })
    const loop = async (channel: Channel): Promise<void> => {
      witness.look('loop', 'handler')
      for await (const data of channel) {
        assert.equal(witness.store.getStore(), 'loop')
        await channel.write(data)
      }
    }
    const scenes = []
    for (const handler of [callbacks('one'), callbacks('two'), loop])
      // A server's callbacks start from the context in which it was created.
      scenes.push(await witness.store.run(undefined, () => stage.serve(handler)))
    const clients = (await Promise.all(scenes.map(({ connect }) => connectAll(connect)))).flat()
    await talkEach(clients, witness)
    for (const { server } of scenes)
      await witness.store.run(undefined, () => soon(server.shutdown(), 'shutdown'))
    witness.assertAlone()
  },

  'a server hears in the context of listen(), and a client in that of connect()': async (stage) => {
    const store = new AsyncLocalStorage<string>()
    const heard: unknown[] = []
    const { connect } = await store.run('listen', () =>
      stage.serve({
        open: () => void heard.push(store.getStore()),
        data(channel, data) {
          heard.push(store.getStore())
          return channel.write(data)
        },
      }),
    )
    const seen = new Map<string, unknown>()
    const onState = ({ state }: { state: string }): void => void seen.set(state, store.getStore())
    const client = await store.run('connect', () => connect({ onState }))
    for (const text of ['x', 'y']) {
      await client.write(text)
      await soon(client.read(), 'the answer')
    }
    assert.deepEqual(heard, ['listen', 'listen', 'listen'])
    assert.deepEqual([seen.get('new'), seen.get('read')], ['connect', 'connect'])
  },
})

/** Each client sends in a context of its own. */
async function talkEach(clients: readonly Channel[], { store }: Witness): Promise<void> {
  const speak = async (client: Channel): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      await client.write('x')
      await soon(client.read(), 'the input')
    }
  }
  await soon(
    Promise.all(clients.map((client, index) => store.run(`client ${index + 1}`, () => speak(client)))),
    'answers',
  )
}

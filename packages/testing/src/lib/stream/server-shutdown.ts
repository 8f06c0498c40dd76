import { type Connection, isSockError } from '@sock/core'
import assert from 'node:assert/strict'
import { busy, echo, gate, pattern, readAll, readExactly, untilStopped } from '../handlers.js'
import { defineSuite, type Scene } from '../stage.js'
import { eventually, soon } from '../wait.js'

/** Connects a client, and waits until it was served, so that the server knows it. */
async function settledClient({ connect }: Scene): Promise<Connection> {
  const client = await connect()
  await client.write('x')
  await soon(readExactly(client, 1), 'the answer')
  return client
}

/** Graceful shutdown. */
export const serverShutdown = defineSuite('shutdown of a server', {
  'shutdown() ends idle connections: their loops finish by themselves': async (stage) => {
    let isFinished = false
    const scene = await stage.serve(
      async (connection) => {
        await echo(connection)
        isFinished = true
      },
      { drainIdle: 50 },
    )
    const client = await settledClient(scene)
    const stopping = scene.server.shutdown()
    assert.equal(scene.server.state, 'draining')
    assert.equal(await soon(client.read(), 'the end'), null)
    await soon(client.close(), 'close')
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 1, drained: 0, forced: 0 })
    assert.ok(isFinished)
    assert.equal(scene.events.at(-1)?.reason, 'draining')
  },

  'shutdown() waits for a connection that says it is busy, although it is quiet': async (stage) => {
    const scene = await stage.serve(
      {
        data(connection, chunk) {
          connection.busy = String(chunk) === 'half'
          void connection.write('x')
        },
      },
      { drainIdle: 50 },
    )
    const [busyClient, idleClient] = [await settledClient(scene), await settledClient(scene)]
    await busyClient.write('half')
    await soon(readExactly(busyClient, 1), 'the answer')
    const stopping = scene.server.shutdown()
    assert.equal(await soon(idleClient.read(), 'the end of the idle one'), null)
    await busyClient.write('whole')
    await soon(readExactly(busyClient, 1), 'the answer')
    assert.equal(await soon(busyClient.read(), 'the end of the busy one'), null)
    await soon(Promise.all([busyClient.close(), idleClient.close()]), 'closing')
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 2, drained: 0, forced: 0 })
  },

  'shutdown() ends idle connections of callbacks, by end if there is one': async (stage) => {
    const heard: string[] = []
    const scene = await stage.serve(
      {
        data: (connection, chunk) => void connection.write(chunk),
        end(connection) {
          heard.push('end')
          void connection.close()
        },
        close: () => void heard.push('close'),
      },
      { drainIdle: 50 },
    )
    const client = await settledClient(scene)
    const stopping = scene.server.shutdown()
    assert.equal(await soon(client.read(), 'the end'), null)
    await soon(client.close(), 'close')
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 1, drained: 0, forced: 0 })
    assert.deepEqual(heard, ['end', 'close'])
  },

  'shutdown() waits for a busy handler, whose whole answer arrives': async (stage) => {
    const go = gate()
    const scene = await stage.serve(busy(go.opened), { drainIdle: 20 })
    const client = await settledClient(scene)
    const stopping = scene.server.shutdown()
    await stage.fixture.connect(scene.address).then(
      (late) => late.destroy(),
      () => {},
    )
    assert.equal(scene.server.state, 'draining')
    go.open()
    assert.equal(String(await soon(readAll(client), 'the answer')), 'done')
    await soon(client.close(), 'close')
    assert.equal((await soon(stopping, 'shutdown')).forced, 0)
    assert.equal(scene.server.openConnections, 0)
  },

  'shutdown() waits for what is still being sent': async (stage) => {
    const answer = pattern(24 * 1024 * 1024)
    const scene = await stage.serve(
      async (connection) => {
        await connection.read()
        void connection.write(answer)
        await connection.read()
      },
      { drainIdle: 20 },
    )
    const client = await scene.connect()
    await client.write('x')
    const first = (await soon(client.read(), 'the input')) as Buffer
    const stopping = scene.server.shutdown()
    const rest = await soon(readAll(client), 'the answer')
    assert.ok(Buffer.concat([first, rest]).equals(answer))
    await soon(client.close(), 'close')
    assert.equal((await soon(stopping, 'shutdown')).forced, 0)
  },

  'shutdown() fires the signals: the reason is ERR_SOCK_DRAINING': async (stage) => {
    const stopped = gate<unknown>()
    const scene = await stage.serve(async (connection) => {
      await connection.read()
      await connection.write('x')
      await untilStopped(connection)
      stopped.open(connection.signal.reason)
    })
    const client = await settledClient(scene)
    const stopping = scene.server.shutdown()
    assert.ok(isSockError(await soon(stopped.opened, 'the signal'), 'ERR_SOCK_DRAINING'))
    await soon(readAll(client), 'the end')
    await soon(client.close(), 'close')
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 0, drained: 1, forced: 0 })
  },

  'shutdown() destroys the rest at the deadline, and rejects when everything is closed': async (stage) => {
    const never = gate()
    const scene = await stage.serve(busy(never.opened))
    const client = await settledClient(scene)
    const stopping = scene.server.shutdown({ timeout: 50 })
    await assert.rejects(soon(stopping, 'shutdown'), (error) => {
      assert.ok(isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT'))
      assert.deepEqual(error.report, { idle: 0, drained: 0, forced: 1 })
      return true
    })
    assert.equal(scene.server.state, 'closed')
    assert.equal(scene.server.openConnections, 0)
    assert.equal(scene.events.at(-1)?.reason, 'draining')
    await soon(
      client.read().catch(() => {}),
      'the end',
    )
    never.open()
  },

  'shutdown() takes shutdownTimeout for its deadline, and its signal for another (G7)': async (stage) => {
    const never = gate()
    const first = await stage.serve(busy(never.opened), { shutdownTimeout: 50 })
    await settledClient(first)
    await assert.rejects(soon(first.server.shutdown(), 'shutdown'), { code: 'ERR_SOCK_SHUTDOWN_TIMEOUT' })

    const second = await stage.serve(busy(never.opened))
    await settledClient(second)
    const stop = new AbortController()
    const stopping = second.server.shutdown({ signal: stop.signal })
    stop.abort()
    await assert.rejects(soon(stopping, 'shutdown'), { code: 'ERR_SOCK_SHUTDOWN_TIMEOUT' })

    const third = await stage.serve(busy(never.opened))
    await settledClient(third)
    const aborted = third.server.shutdown({ signal: AbortSignal.abort() })
    await assert.rejects(soon(aborted, 'shutdown'), { code: 'ERR_SOCK_SHUTDOWN_TIMEOUT' })
    never.open()
  },

  'shutdown() called again shares the result, and the earliest deadline strikes (G8)': async (stage) => {
    const never = gate()
    const scene = await stage.serve(busy(never.opened))
    await settledClient(scene)
    const first = scene.server.shutdown({ timeout: 60_000 })
    const second = scene.server.shutdown({ timeout: 30 })
    const results = await soon(Promise.allSettled([first, second]), 'shutdown')
    for (const result of results) {
      assert.ok(result.status === 'rejected' && isSockError(result.reason, 'ERR_SOCK_SHUTDOWN_TIMEOUT'))
    }
    never.open()
  },

  'shutdown() that nobody awaits is no unhandled rejection': async (stage) => {
    const never = gate()
    const scene = await stage.serve(busy(never.opened))
    await settledClient(scene)
    void scene.server.shutdown({ timeout: 0 })
    await soon(scene.server.closed, 'closing')
    never.open()
  },

  'close() during shutdown() ends it now (G8)': async (stage) => {
    const never = gate()
    const scene = await stage.serve(busy(never.opened))
    const client = await settledClient(scene)
    const stopping = scene.server.shutdown()
    await soon(scene.server.close(), 'closing')
    await assert.rejects(stopping, { code: 'ERR_SOCK_SHUTDOWN_TIMEOUT' })
    assert.equal(scene.server.state, 'closed')
    await soon(
      client.read().catch(() => {}),
      'the end',
    )
    never.open()
  },

  'shutdown() waits for a handler that works on though its peer is gone': async (stage) => {
    const go = gate()
    let isSaved = false
    const scene = await stage.serve(async (connection) => {
      await connection.read()
      await connection.write('x')
      await connection.read().catch(() => {})
      await go.opened
      isSaved = true
    })
    const client = await settledClient(scene)
    client.destroy()
    await eventually(() => assert.notEqual(scene.events.at(-1)?.state, 'write'))
    const stopping = scene.server.shutdown()
    await new Promise(setImmediate)
    assert.equal(scene.server.state, 'draining')
    go.open()
    assert.equal((await soon(stopping, 'shutdown')).forced, 0)
    assert.ok(isSaved)
  },

  'shutdown() serves the peers in the accept queue (G3)': async (stage) => {
    const { fixture } = stage
    const scene = await stage.serve(
      async (connection) => {
        await connection.write((await connection.read()) ?? '')
      },
      { drainIdle: 2000 },
    )
    const connecting = Array.from({ length: 20 }, () => fixture.connect(scene.address))
    // The system has queued the peers, and the event loop has not delivered any yet.
    const stopping = scene.server.shutdown()
    const answers = await soon(
      Promise.all(
        connecting.map(async (attempt, index) => {
          const client = await attempt
          await client.write(`${index}`)
          const answer = String(await soon(readAll(client), 'the end'))
          await soon(client.close(), 'close')
          return answer
        }),
      ),
      'twenty answers',
    )
    assert.deepEqual(
      answers,
      Array.from({ length: 20 }, (_, index) => `${index}`),
    )
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 0, drained: 20, forced: 0 })
  },

  'after shutdown() no client can connect': async (stage) => {
    const scene = await stage.serve(echo)
    await soon(scene.server.shutdown(), 'shutdown')
    await assert.rejects(stage.fixture.connect(scene.address), (error: NodeJS.ErrnoException) => {
      assert.match(String(error.code), /^(ECONNREFUSED|ENOENT)$/)
      return true
    })
  },

  'close() and shutdown() work from inside a handler and from inside observers (A18)': async (stage) => {
    const inHandler = await stage.serve(async (connection) => {
      await connection.read()
      void inHandler.server.close()
    })
    await (await inHandler.connect()).write('x')
    await soon(inHandler.server.closed, 'closing from inside a handler')

    const inState = await stage.serve(echo)
    inState.server.on('state', (state) => {
      if (state === 'draining') void inState.server.close()
    })
    await inState.connect()
    await soon(
      inState.server.shutdown().catch(() => {}),
      'closing from inside an observer',
    )

    const inConnection = await stage.serve(echo)
    inConnection.server.on('connection', ({ state }) => {
      if (state === 'new') void inConnection.server.close()
    })
    await inConnection.connect().catch(() => {})
    await soon(inConnection.server.closed, 'closing at a new connection')
    assert.equal(inConnection.server.openConnections, 0)
  },

  'shutdown() rejects wrong options and goes on as it was': async (stage) => {
    const { server } = await stage.serve(echo)
    await assert.rejects(server.shutdown({ timeout: -1 }), RangeError)
    await assert.rejects(server.shutdown({ tiemout: 1 } as never), TypeError)
    await assert.rejects(server.shutdown({ signal: 'x' } as never), TypeError)
    assert.equal(server.state, 'listening')
  },
})

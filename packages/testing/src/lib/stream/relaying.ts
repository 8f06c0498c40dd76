import { isExpectedClose, relay, type Connection, type RelayReport, type StreamHandler } from '@sock/core'
import assert from 'node:assert/strict'
import { anyValues } from '../any-values.js'
import { echo, gate, pattern, readAll } from '../handlers.js'
import { defineSuite, type Scene, type Stage, type StreamKind } from '../stage.js'
import { eventually, ignore, soon } from '../wait.js'

/** A server behind, and a proxy before it. */
interface Proxy {
  readonly behind: Scene
  readonly before: Scene
  /** The relays of the proxy's connections, in order. */
  readonly relays: Promise<RelayReport>[]
  /** The proxy's connections to the server behind. */
  readonly upstream: Connection[]
}

async function serveProxy(
  stage: Stage<StreamKind>,
  handler: StreamHandler,
  options?: StreamKind['serverOptions'],
): Promise<Proxy> {
  const behind = await stage.serve(handler)
  const relays: Promise<RelayReport>[] = []
  const upstream: Connection[] = []
  const before = await stage.serve(async (client) => {
    const connection = await behind.connect()
    upstream.push(connection)
    const relayed = stage.keep(relay(client, connection))
    relays.push(relayed)
    await relayed
  }, options)
  return { behind, before, relays, upstream }
}

function allClosed(...scenes: readonly Scene[]): Promise<void> {
  return eventually(() => {
    for (const { server } of scenes) assert.equal(server.openConnections, 0)
  })
}

/** Rules for `relay()` between two connections of the transport. */
export const relaying = defineSuite('relay', {
  'relay() carries both directions whole, at the same time, and counts them': async (stage) => {
    const { before, relays } = await serveProxy(stage, echo)
    const client = await before.connect()
    const bytes = pattern(1_000_000)
    const answer = readAll(client)
    await client.write(bytes)
    await soon(client.closeWrite(), 'closeWrite')
    assert.ok((await soon(answer, 'the echo')).equals(bytes), 'the bytes came back changed')
    assert.deepEqual(await soon(relays[0] as Promise<RelayReport>, 'the end of the relay'), {
      forward: bytes.length,
      backward: bytes.length,
    })
    assert.deepEqual(before.errors, [])
  },

  'relay() passes the end of one side on, and the answer to it still comes': async (stage) => {
    const { before } = await serveProxy(stage, async (connection) => {
      const question = await readAll(connection)
      await connection.write(`got ${question.length}`)
    })
    const client = await before.connect()
    await client.write(pattern(100_000))
    await soon(client.closeWrite(), 'closeWrite')
    assert.equal(String(await soon(readAll(client), 'the answer')), 'got 100000')
  },

  'relay() keeps little for a receiver that does not read, and then delivers all of it': async (stage) => {
    const ready = gate()
    const got = gate<number>()
    const { before, upstream } = await serveProxy(stage, async (connection) => {
      await ready.opened
      got.open((await readAll(connection)).length)
    })
    const client = await before.connect()
    const chunk = pattern(256 * 1024)
    let sent = 0
    // More than the buffers of two connections hold.
    const sending = (async () => {
      for (; sent < 64 * 1024 * 1024; sent += chunk.length) await client.write(chunk)
    })()
    await eventually(() => {
      assert.ok(upstream[0]?.writableNeedDrain, 'the proxy can still write')
      assert.ok(client.writableNeedDrain, 'the client can still write')
    })
    const waiting = upstream[0]?.waitingBytes ?? 0
    assert.ok(waiting <= 1024 * 1024, `${waiting} bytes wait in the proxy`)
    ready.open()
    await soon(sending, 'everything is sent')
    await soon(client.closeWrite(), 'closeWrite')
    assert.equal(await soon(got.opened, 'everything arrives'), sent)
    await soon(client.close(), 'close')
  },

  'relay() ends the other side when one breaks, and its server reports nothing': async (stage) => {
    const arrived = gate()
    const { behind, before, relays } = await serveProxy(stage, {
      data(connection) {
        arrived.open()
        connection.destroy(new Error('broken on purpose'))
      },
    })
    const client = await before.connect()
    await client.write('x')
    await soon(arrived.opened, 'the server behind gets it')
    await soon(
      readAll(client).then(ignore, (error: unknown) => assert.ok(isExpectedClose(error), String(error))),
      'the client hears of it',
    )
    await soon(client.close(), 'close')
    await soon((relays[0] as Promise<RelayReport>).then(ignore, ignore), 'the relay ends')
    await allClosed(before, behind)
    assert.deepEqual(before.errors, [])
  },

  'relay() rejects with the reason of its signal, which may be any value, and destroys both sides': async (
    stage,
  ) => {
    const behind = await stage.serve(echo)
    for (const value of Object.values(anyValues)) {
      const controller = new AbortController()
      const relayed = gate<unknown>()
      const before = await stage.serve(async (client) => {
        const carrying = relay(client, await behind.connect(), { signal: controller.signal })
        relayed.open(carrying.catch((reason: unknown) => [reason]))
        await carrying.catch(ignore)
      })
      const client = await before.connect()
      await client.write('x')
      assert.equal(String(await soon(client.read(), 'the echo')), 'x')
      controller.abort(value)
      const [reason] = (await soon(relayed.opened, 'the relay ends')) as [unknown]
      assert.ok(Object.is(reason, value), 'it rejects with the reason itself')
      await allClosed(before, behind)
    }
  },

  'relay() ends both sides when the idle time of one has passed': async (stage) => {
    const { behind, before, relays } = await serveProxy(stage, echo, { idleTimeout: 50 })
    const client = await before.connect()
    await eventually(() => assert.equal(relays.length, 1))
    await assert.rejects(soon(relays[0] as Promise<RelayReport>, 'the relay ends'), {
      code: 'ERR_SOCK_IDLE_TIMEOUT',
    })
    await allClosed(before, behind)
    assert.equal(before.server.stats().idleClosed, 1)
    assert.deepEqual(before.errors, [])
    client.destroy()
  },
})

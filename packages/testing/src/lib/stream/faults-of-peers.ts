import { type Connection, exchange, isSockError } from '@sock/core'
import assert from 'node:assert/strict'
import { defineFaults, firstly } from './faults.js'
import { echo, pattern, readAll, readExactly, untilStopped } from '../handlers.js'
import { eventually, ignore, soon } from '../wait.js'

const MIB = 2 ** 20
/** In ms; much longer than a well-behaved client is silent here. */
const IDLE = 300

/** Ends without notice: with a RST, if there is one. */
function tearOff(client: Connection): void {
  client.destroy(new Error('Torn off'))
}

/** What peers can do to a server. */
export const faultsOfPeers = defineFaults('faults of peers', {
  'a peer that disconnects while idle is closed, and is no error (A1, E14)': async (stage) => {
    const scene = await stage.serve(echo)
    const client = await scene.connect()
    await client.write('x')
    await soon(readExactly(client, 1), 'the answer')
    tearOff(client)
    await eventually(() => assert.equal(scene.events.at(-1)?.state, 'close'))
    // Without a reset, a disconnected peer looks like one that has ended.
    const hasReset = stage.fixture.lacks?.includes('reset') !== true
    assert.equal(scene.events.at(-1)?.reason, hasReset ? 'reset' : 'ended')
    assert.deepEqual(scene.errors, [])
    return scene
  },

  'a peer that disconnects right after its bytes has not ended: they are read, then read() rejects (A5)':
    async (stage) => {
      const read: string[] = []
      const scene = await stage.serve(
        firstly(async (connection) => {
          try {
            for await (const chunk of connection) read.push(String(chunk))
            read.push('the end')
          } catch (error) {
            read.push((error as { code: string }).code)
          }
        }),
      )
      const client = await scene.connect()
      // The server may not know yet that the TLS handshake is complete.
      await eventually(() => assert.equal(scene.server.openConnections, 1))
      // Both have arrived when the server's event loop looks again.
      void client.write('half')
      tearOff(client)
      await eventually(() => assert.equal(scene.events.at(-1)?.state, 'close'))
      const hasReset = stage.fixture.lacks?.includes('reset') !== true
      await eventually(() => assert.deepEqual(read, ['half', hasReset ? 'ERR_SOCK_RESET' : 'the end']))
      assert.equal(scene.events.at(-1)?.reason, hasReset ? 'reset' : 'ended')
      assert.deepEqual(scene.errors, [])
      return scene
    },

  'a server that disconnects in the middle of its answer makes exchange() reject (A5)': async (stage) => {
    const scene = await stage.serve(
      firstly(async (connection) => {
        await connection.read()
        void connection.write('half')
        tearOff(connection)
      }),
    )
    const client = await scene.connect()
    const outcome = exchange(client, 'give').then(String, (error: { code: string }) => error.code)
    const hasReset = stage.fixture.lacks?.includes('reset') !== true
    assert.equal(await soon(outcome, 'exchange'), hasReset ? 'ERR_SOCK_RESET' : 'half')
    return scene
  },

  'a peer that ends is closed by idleTimeout, when its handler never reads (A4)': async (stage) => {
    const scene = await stage.serve(firstly(untilStopped), { idleTimeout: IDLE })
    const client = await scene.connect()
    await soon(client.closeWrite(), 'closeWrite')
    await soon(readAll(client).catch(ignore), 'the end')
    await eventually(() => assert.equal(scene.events.at(-1)?.reason, 'idle'))
    return scene
  },

  'a peer that disconnects in the middle of 8 MiB makes every pending write() reject (A5)': async (stage) => {
    const codes: string[] = []
    const scene = await stage.serve(
      firstly(async (connection) => {
        await connection.read()
        const writes = Array.from({ length: 8 }, () => stage.keep(connection.write(pattern(MIB))))
        for (const result of await Promise.allSettled([...writes, connection.read()])) {
          codes.push(result.status === 'rejected' ? (result.reason as { code: string }).code : 'resolved')
        }
        await stage.keep(connection.write('late')).catch((error) => codes.push(`late ${error.code}`))
      }),
    )
    const client = await scene.connect()
    await client.write('go')
    await soon(client.read(), 'the input')
    tearOff(client)
    await eventually(() => assert.equal(codes.at(-1), 'late ERR_SOCK_CLOSED'))
    const rejected = codes.slice(0, -1).filter((code) => code !== 'resolved')
    assert.ok(rejected.length > 0, 'the system has taken everything')
    assert.deepEqual([...new Set(rejected)], ['ERR_SOCK_RESET'])
    assert.equal(scene.events.at(-1)?.reason, 'reset')
    assert.deepEqual(scene.errors, [])
    return scene
  },

  'a write() that nobody awaits, to a peer that is gone, is no unhandled rejection (A5)': async (stage) => {
    const scene = await stage.serve(
      firstly(async (connection) => {
        await connection.read()
        for (let count = 0; count < 20; count++) void connection.write(pattern(MIB))
        await untilStopped(connection)
        void connection.write('late')
        void connection.closeWrite()
        void connection.read()
      }),
    )
    const client = await scene.connect()
    await client.write('go')
    await soon(client.read(), 'the input')
    tearOff(client)
    await eventually(() => assert.equal(scene.events.at(-1)?.reason, 'reset'))
    assert.deepEqual(scene.errors, [])
    return scene
  },

  'a peer that never reads is closed by idleTimeout, and the write() that waits rejects (A6)': async (
    stage,
  ) => {
    let failure: unknown
    const scene = await stage.serve(
      firstly(async (connection) => {
        for (;;) await stage.keep(connection.write(pattern(64 * 1024))).catch(fail)
      }),
      { idleTimeout: IDLE },
    )
    function fail(error: unknown): never {
      failure = error
      throw error
    }
    await scene.connect()
    await eventually(() => assert.equal(scene.events.at(-1)?.reason, 'idle'))
    assert.ok(isSockError(failure, 'ERR_SOCK_IDLE_TIMEOUT'))
    assert.ok(scene.server.stats().bytesWritten < 32 * MIB, 'more was written than the system can hold')
    assert.equal(scene.server.stats().idleClosed, 1)
    assert.deepEqual(scene.errors, [])
    return scene
  },

  'a peer that never reads cannot keep a closing connection beyond the deadline of shutdown() (A8)': async (
    stage,
  ) => {
    const scene = await stage.serve(
      firstly(async (connection) => {
        await connection.read()
        void stage.keep(connection.write(pattern(16 * MIB)))
      }),
    )
    const client = await scene.connect()
    await client.write('go')
    await eventually(() => assert.ok(scene.events.some(({ state }) => state === 'closeWrite')))
    await assert.rejects(soon(scene.server.shutdown({ timeout: 50 }), 'shutdown'), (error) => {
      assert.ok(isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT'))
      assert.deepEqual(error.report, { idle: 0, drained: 0, forced: 1 })
      return true
    })
    assert.equal(scene.events.at(-1)?.reason, 'draining')
    return stage.restart(scene)
  },

  'a storm of 300 peers at once: each gets its own answer (A12)': async (stage) => {
    const scene = await stage.serve(echo)
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const client = await scene.connect()
        const question = `peer ${index}`
        await client.write(question)
        const answer = String(await soon(readExactly(client, question.length), 'the answer'))
        await soon(client.close(), 'close')
        return answer === question
      }),
    )
    assert.deepEqual(new Set(answers), new Set([true]))
    assert.equal(scene.server.stats().accepted, 300)
    return scene
  },

  'a storm over maxConnections: each peer is served or refused, and all are counted (A13)': async (stage) => {
    const [room, peers] = [20, 100]
    const scene = await stage.serve(
      firstly((connection) => readAll(connection).then(ignore), room),
      { maxConnections: room },
    )
    const { server, errors } = scene
    const attempts = await Promise.allSettled(Array.from({ length: peers }, () => scene.connect()))
    await eventually(() => assert.equal(server.stats().rejected.connectionLimit, peers - room))
    await eventually(() => assert.equal(server.openConnections, room))
    assert.equal(server.stats().accepted, room)
    assert.equal(errors.length, peers - room)
    assert.ok(errors.every((error) => isSockError(error, 'ERR_SOCK_CONNECTION_LIMIT')))
    for (const attempt of attempts) if (attempt.status === 'fulfilled') attempt.value.destroy()
    await eventually(() => assert.equal(server.openConnections, 0))
    return scene
  },
})

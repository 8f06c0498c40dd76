import { isSockError } from '@sock/core'
import assert from 'node:assert/strict'
import { assertAllCounted, assertCame, codesOf, STILL_HERE, survives } from './survival.js'
import { echo, gate } from '../handlers.js'
import { defineDatagramSuite } from '../stage.js'
import { eventually, soon } from '../wait.js'

/** Operations in progress when a datagram server ends. */
export const datagramFaultsAtTheEnd = defineDatagramSuite('at the end', {
  'close() in the same tick as 2,000 sends of a server: each settles, and is counted (D6)': survives(
    async (stage) => {
      const sends: Promise<void>[] = []
      const scene = await stage.serve({
        data(channel, data) {
          if (String(data) === STILL_HERE) return channel.write(data)
          for (let count = 0; count < 2_000; count++) sends.push(channel.write(`${count}`))
          void scene.server.close()
          return undefined
        },
      })
      await (await scene.connect()).write('go')
      await soon(scene.server.closed, 'closing')
      const codes = await codesOf(sends)
      assert.equal(sends.length, 2_000)
      assert.deepEqual(new Set(codes), new Set(codes.length > 0 ? ['ERR_SOCK_CLOSED'] : []))
      const { datagramsSent, sendErrors, sendQueueBytes } = scene.server.stats()
      assert.deepEqual([datagramsSent, sendErrors, sendQueueBytes], [2_000 - codes.length, codes.length, 0])
      return scene
    },
  ),

  'close() in the same tick as 2,000 writes of a client: each settles, and later ones are refused (D6)':
    survives(async (stage) => {
      const scene = await stage.serve(echo)
      const client = await scene.connect()
      const writes = Array.from({ length: 2_000 }, (_, index) => client.write(`${index}`))
      const closing = client.close()
      await assert.rejects(client.write('late'), { code: 'ERR_SOCK_CLOSED' })
      // close() waits for earlier writes.
      assert.deepEqual(await codesOf(writes), [])
      await soon(closing, 'closing')
      await eventually(() => assertCame(scene.server.stats(), 2_000))
      return scene
    }),

  'close() in a callback while datagrams wait: no callback but `close` comes after it (D11)': survives(
    async (stage) => {
      const calls: string[] = []
      const scene = await stage.serve({
        data(channel, data) {
          calls.push('data')
          if (String(data) === STILL_HERE) return channel.write(data)
          return scene.server.close()
        },
        close: () => void calls.push('close'),
      })
      const client = await scene.connect()
      // The server may be closed before the last write.
      await codesOf(Array.from({ length: 20 }, () => client.write('x')))
      await soon(scene.server.closed, 'closing')
      await eventually(() => assert.deepEqual(calls, ['data', 'close']))
      assertAllCounted(scene.server.stats(), 1)
      return scene
    },
  ),

  'close() while it starts: listen() rejects, and nothing is bound (D11)': survives(async (stage) => {
    const scene = await stage.serve(echo)
    await soon(scene.server.close(), 'close')
    const listening = scene.server.listen(scene.address as never)
    await soon(scene.server.close(), 'closing')
    await assert.rejects(soon(listening, 'listening'), { code: 'ERR_SOCK_CLOSED' })
    assert.equal(scene.server.address, undefined)
    // The address is free for another server.
    const other = stage.fixture.createServer(echo)
    await other.listen(scene.address as never)
    await soon(other.close(), 'close')
    await scene.server.listen(scene.address as never)
    return scene
  }),

  'shutdown() under a flood that goes on: it ends, and each datagram is counted (D14)': survives(
    async (stage) => {
      let handled = 0
      const scene = await stage.serve(
        {
          async data(channel, data) {
            handled += 1
            if (String(data) === STILL_HERE) await channel.write(data)
            else await new Promise(setImmediate)
          },
        },
        { maxQueuedBytes: 64 * 1024 },
      )
      const over = new AbortController()
      const flood = async (): Promise<unknown[]> => {
        const client = await stage.fixture.connect(scene.address)
        const writes: Promise<void>[] = []
        while (!over.signal.aborted) {
          for (let count = 0; count < 10; count++) writes.push(client.write('x'))
          await new Promise(setImmediate)
        }
        const codes = await codesOf(writes)
        await soon(client.close(), 'close')
        return codes
      }
      const floods = Promise.all([flood(), flood(), flood()])
      await eventually(() => assert.ok(handled > 100))
      const report = await soon(scene.server.shutdown(), 'shutdown')
      assert.equal(report.forced, 0)
      over.abort()
      const codes = (await soon(floods, 'the end of the flood')).flat()
      for (const code of codes) assert.match(String(code), /^(ECONNREFUSED|ENOENT|ERR_SOCK_BACKPRESSURE)$/)
      assertAllCounted(scene.server.stats(), handled)
      return scene
    },
  ),

  'a handler that never settles: its deadline ends it, and what waited behind it is counted (D14)': survives(
    async (stage) => {
      const never = gate()
      const scene = await stage.serve(async (channel) => {
        const data = await channel.read()
        if (String(data) === 'stuck') await never.opened
        await channel.write(data ?? '').catch(() => undefined)
      })
      const client = await scene.connect()
      for (const word of ['stuck', 'one', 'two', 'three']) await client.write(word)
      await eventually(() => assert.equal(scene.server.stats().datagramsReceived, 4))
      const stopping = scene.server.shutdown({ timeout: 30 })
      await assert.rejects(soon(stopping, 'shutdown'), (error) => {
        assert.ok(isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT'))
        assert.deepEqual(error.report, { idle: 0, drained: 0, forced: 1 })
        return true
      })
      assertAllCounted(scene.server.stats(), 1)
      never.open()
      return scene
    },
  ),

  'a full server that its deadline ends: what it has left with the system is counted, too (D14)': survives(
    async (stage) => {
      const never = gate()
      const scene = await stage.serve({ data: () => never.opened }, { maxQueuedBytes: 200 })
      const client = await scene.connect()
      // One is with the handler, and one or two are queued. A server that pauses leaves the others with the system.
      const sent = 4
      for (let count = 0; count < sent; count++) await client.write('first')
      await eventually(() => assert.ok(scene.server.stats().datagramsReceived >= 3))
      for (let count = 0; count < sent; count++) await client.write('second')
      if (stage.fixture.pauses !== true)
        await eventually(() => assert.equal(scene.server.stats().datagramsReceived, 2 * sent))
      const stopping = scene.server.shutdown({ timeout: 30 })
      await assert.rejects(soon(stopping, 'shutdown'), { code: 'ERR_SOCK_SHUTDOWN_TIMEOUT' })
      assertAllCounted(scene.server.stats(), 1)
      assertCame(scene.server.stats(), 2 * sent)
      never.open()
      return stage.serve(echo)
    },
  ),

  'callbacks that never settle: close() does not wait for them, and shutdown() until its deadline (D11)':
    survives(async (stage) => {
      const never = gate()
      for (const callbacks of [{ open: () => never.opened }, { close: () => never.opened }]) {
        const { server } = await stage.serve({ data() {}, ...callbacks })
        await soon(server.close(), 'closing')
        await server.listen(stage.fixture.target())
        await assert.rejects(soon(server.shutdown({ timeout: 30 }), 'shutdown'), {
          code: 'ERR_SOCK_SHUTDOWN_TIMEOUT',
        })
      }
      return stage.serve(echo)
    }),
})

import { isSockError, type DatagramChannel, type DatagramHandler, type ShutdownReport } from '@sock/core'
import assert from 'node:assert/strict'
import { echo, gate } from '../handlers.js'
import { defineDatagramSuite } from '../stage.js'
import { eventually, ignore, soon } from '../wait.js'

const report = (idle: number, drained: number, forced: number): ShutdownReport => ({ idle, drained, forced })

/** `shutdown()` and `close()` of a datagram server. */
export const datagramServerShutdown = defineDatagramSuite('shutdown of a server', {
  'shutdown() of an idle server resolves at once, whatever the form of its handler (D14)': async (stage) => {
    const handlers: DatagramHandler[] = [
      echo,
      async (channel) => void (await channel.read()),
      { data() {} },
      { open: echo },
    ]
    for (const handler of handlers) {
      const { server, connect, states } = await stage.serve(handler)
      await (await connect()).write('x')
      await eventually(() => assert.equal(server.stats().datagramsReceived, 1))
      await new Promise(setImmediate)
      assert.deepEqual(await soon(server.shutdown(), 'shutdown'), report(1, 0, 0))
      assert.deepEqual(states, ['starting', 'listening', 'draining', 'closed'])
      assert.deepEqual([server.state, server.openConnections, server.address], ['closed', 0, undefined])
    }
  },

  'shutdown() waits for the handler, whose reply still leaves': async (stage) => {
    const go = gate()
    const { server, connect } = await stage.serve(async (channel) => {
      const datagram = await channel.receive()
      await channel.write('working')
      await go.opened
      await datagram?.reply('done')
    })
    const client = await connect()
    await client.write('x')
    assert.equal(String(await soon(client.read(), 'the first answer')), 'working')
    const stopping = server.shutdown()
    assert.deepEqual([server.state, server.openConnections], ['draining', 1])
    go.open()
    assert.equal(String(await soon(client.read(), 'the last answer')), 'done')
    assert.deepEqual(await soon(stopping, 'shutdown'), report(0, 1, 0))
  },

  'shutdown() has what was received handled in each form of handler, and nothing that comes later': async (
    stage,
  ) => {
    type Work = (channel: DatagramChannel, data: Buffer) => Promise<void>
    const loop =
      (work: Work) =>
      async (channel: DatagramChannel): Promise<void> => {
        for await (const data of channel) await work(channel, data)
      }
    const forms: ((work: Work) => DatagramHandler)[] = [
      (work) => async (channel) => work(channel, (await channel.read()) as Buffer),
      (work) => ({ data: work }),
      loop,
      (work) => ({ open: loop(work) }),
    ]
    for (const form of forms) {
      const go = gate()
      let started = 0
      const { server, connect } = await stage.serve(
        form(async (channel, data) => {
          started += 1
          await go.opened
          await channel.write(data)
        }),
      )
      const client = await connect()
      for (const word of ['one', 'two', 'three']) await client.write(word)
      await eventually(() => assert.deepEqual([server.stats().datagramsReceived, started], [3, 1]))
      const stopping = server.shutdown()
      await client.write('too late')
      await eventually(() => assert.equal(server.stats().datagramsDropped.closing, 1))
      go.open()
      for (const word of ['one', 'two', 'three'])
        assert.equal(String(await soon(client.read(), 'the answer')), word)
      assert.deepEqual(await soon(stopping, 'shutdown'), report(0, 1, 0))
      const { datagramsReceived, datagramsSent } = server.stats()
      assert.deepEqual([datagramsReceived, datagramsSent], [4, 3])
    }
  },

  'shutdown() rejects at the deadline, when everything is closed': async (stage) => {
    const never = gate()
    const { server, connect } = await stage.serve(async (channel) => {
      await channel.read()
      await channel.write('x')
      await never.opened
    })
    const client = await connect()
    await client.write('x')
    await soon(client.read(), 'the answer')
    await assert.rejects(soon(server.shutdown({ timeout: 30 }), 'shutdown'), wasForced)
    assert.equal(server.state, 'closed')
    never.open()
  },

  'shutdown() counts a handler that was idle, and then did not end, as forced': async (stage) => {
    const never = gate()
    const { server } = await stage.serve({
      async open(channel) {
        await channel.read()
        await never.opened
      },
    })
    await assert.rejects(soon(server.shutdown({ timeout: 30 }), 'shutdown'), wasForced)
    never.open()
  },

  'shutdown() is cut short by its signal, and by close()': async (stage) => {
    for (const isAborted of [true, false]) {
      const [begun, never] = [gate(), gate()]
      const { server, connect } = await stage.serve(async (channel) => {
        await channel.read()
        begun.open()
        await never.opened
      })
      await (await connect()).write('x')
      await soon(begun.opened, 'the handler')
      const stop = new AbortController()
      const stopping = server.shutdown({ signal: stop.signal })
      stopping.catch(ignore)
      if (isAborted) stop.abort()
      else await soon(server.close(), 'close')
      await assert.rejects(soon(stopping, 'shutdown'), wasForced)
      assert.equal(server.state, 'closed')
      never.open()
    }
  },

  'shutdown() may be called in a handler that does not wait for it': async (stage) => {
    const stopping = gate<ShutdownReport>()
    const { server, connect } = await stage.serve(async (channel) => {
      const data = await channel.read()
      void server.shutdown().then(stopping.open)
      await channel.write(data ?? '')
    })
    const client = await connect()
    await client.write('stop')
    assert.equal(String(await soon(client.read(), 'the answer')), 'stop')
    assert.deepEqual(await soon(stopping.opened, 'shutdown'), report(0, 1, 0))
  },

  'shutdown() called again shares the result, and does nothing when nothing runs': async (stage) => {
    const { server } = await stage.serve(echo)
    const results = [server.shutdown(), server.shutdown(), server[Symbol.asyncDispose]()]
    const reports = await soon(Promise.all(results), 'shutdown')
    assert.deepEqual(reports, [report(1, 0, 0), report(1, 0, 0), undefined])
    assert.deepEqual(await soon(server.shutdown(), 'shutdown'), report(0, 0, 0))
  },

  'close() ends it now, also during shutdown() and from inside a handler': async (stage) => {
    const never = gate()
    const scene = await stage.serve(async (channel) => {
      await channel.read()
      void scene.server.shutdown()
      void scene.server.close()
      await never.opened
    })
    const client = await scene.connect()
    await client.write('x')
    await soon(scene.server.closed, 'closing')
    assert.equal(scene.server.openConnections, 0)
    never.open()
  },

  'close() may be awaited in a function and in a callback': async (stage) => {
    const forms: ((close: () => Promise<void>) => DatagramHandler)[] = [
      (close) => async (channel) => {
        await channel.read()
        await close()
      },
      (close) => ({ data: close }),
    ]
    for (const form of forms) {
      const goesOn = gate()
      const { server, connect, errors } = await stage.serve(
        form(async () => {
          await server.close()
          goesOn.open()
        }),
      )
      await (await connect()).write('stop')
      await soon(server.closed, 'closing')
      await soon(goesOn.opened, 'the handler')
      assert.deepEqual(errors, [])
    }
  },

  'close() ends a loop with ERR_SOCK_CLOSED, which is no error of the handler': async (stage) => {
    const ended = gate<unknown>()
    const { server, connect, errors } = await stage.serve(async (channel) => {
      try {
        await echo(channel)
      } catch (error) {
        ended.open((error as { code?: unknown }).code)
        throw error
      }
    })
    const client = await connect()
    await client.write('x')
    await soon(client.read(), 'the echo')
    await soon(server.close(), 'close')
    assert.equal(await soon(ended.opened, 'the end of the loop'), 'ERR_SOCK_CLOSED')
    assert.deepEqual([errors, server.stats().handlerErrors], [[], 0])
  },

  'close() of a server that is closed does nothing': async (stage) => {
    const { server, states } = await stage.serve(echo)
    await Promise.all([server.close(), server.close()])
    await soon(server.close(), 'close')
    assert.deepEqual(states, ['starting', 'listening', 'draining', 'closed'])
  },
})

function wasForced(error: unknown): boolean {
  assert.ok(isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT'))
  assert.deepEqual(error.report, report(0, 0, 1))
  return true
}

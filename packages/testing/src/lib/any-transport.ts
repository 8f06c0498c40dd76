import { exchange, type SockError } from '@sock/core'
import assert from 'node:assert/strict'
import { types } from 'node:util'
import { anyValues } from './any-values.js'
import { echo, gate, pattern } from './handlers.js'
import { lookUps } from './look-ups.js'
import { socketFiles } from './socket-files.js'
import { defineAnySuite, type AnyFixture } from './stage.js'
import type { Suite } from './suite.js'
import { eventually, rejectsWith, soon } from './wait.js'

const anyTransport = defineAnySuite('any transport', {
  'one handler that loops serves several clients': async (stage) => {
    const { connect } = await stage.serve(echo)
    const clients = await Promise.all([connect(), connect(), connect()])
    for (let round = 0; round < 20; round++) {
      for (const [index, client] of clients.entries()) {
        const message = pattern(100 + round, index)
        await client.write(message)
        const answer = await soon(client.read(), 'the echo')
        assert.ok(answer?.equals(message))
      }
    }
  },

  'one handler that answers once and returns is called again for the next request': async (stage) => {
    const { connect } = await stage.serve(async (channel) => {
      const request = await channel.read()
      await channel.write(`got ${request?.length}`)
    })
    for (let round = 1; round <= 3; round++) {
      const answer = await soon(exchange(await connect(), 'x'.repeat(round)), 'the answer')
      assert.equal(String(answer), `got ${round}`)
    }
  },

  'one handler that closes its channel leaves the server listening': async (stage) => {
    const { connect, server } = await stage.serve(async (channel) => {
      await channel.write((await channel.read()) ?? '')
      await channel.close()
    })
    for (let round = 0; round < 2; round++) {
      assert.equal(String(await soon(exchange(await connect(), 'x'), 'the answer')), 'x')
    }
    assert.equal(server.state, 'listening')
  },

  'unref() and ref() of the server leave its peers alone, whatever its state': async (stage) => {
    const { server, connect } = await stage.serve(echo)
    const act = (): void => {
      assert.equal(server.ref(), server)
      try {
        assert.equal(server.unref(), server)
      } catch (error) {
        // The transport does not support it.
        assert.equal((error as SockError).code, 'ERR_SOCK_UNSUPPORTED')
      }
    }
    const client = await connect()
    act()
    await client.write('x')
    assert.equal(String(await soon(client.read(), 'the echo')), 'x')
    const closing = server.close()
    act()
    await soon(closing, 'close')
    assert.equal(server.ref(), server)
  },

  'one handler sees transport, addresses, signal and user data': async (stage) => {
    const seen = gate<unknown[]>()
    const { connect, server, address } = await stage.serve(async (channel) => {
      channel.data = 'mine'
      await channel.read()
      seen.open([
        channel.transport,
        String(channel.localAddress),
        channel.isOpen,
        channel.signal.aborted,
        channel.data,
      ])
    })
    await (await connect()).write('x')
    const [transport, local, ...rest] = await soon(seen.opened, 'the handler')
    assert.equal(transport, server.transport)
    assert.equal(local, String(address))
    assert.deepEqual(rest, [true, false, 'mine'])
  },

  'connections() has what is open: connections, or the one channel of datagrams': async (stage) => {
    const { server, connect } = await stage.serve(echo)
    const client = await connect()
    await client.write('x')
    await eventually(() => assert.equal([...server.connections()].length, 1))
    for (const channel of server.connections()) assert.equal(channel.transport, server.transport)
    await soon(server.close(), 'close')
    assert.deepEqual([...server.connections()], [])
  },

  'one handler that fails is reported, and the next one is served': async (stage) => {
    let isFirst = true
    const { connect, errors } = await stage.serve(async (channel) => {
      const request = await channel.read()
      const fails = isFirst
      isFirst = false
      if (fails) throw new Error('oops')
      await channel.write(request ?? '')
    })
    await (await connect()).write('bad')
    await soon(
      (async () => {
        while (errors.length === 0) await new Promise(setImmediate)
      })(),
      'the report',
    )
    assert.equal(errors[0]?.message, 'oops')
    assert.equal(String(await soon(exchange(await connect(), 'good'), 'the answer')), 'good')
  },

  'any value may be thrown by a handler: it is reported as an Error, itself or as the cause': async (
    stage,
  ) => {
    for (const [name, value] of Object.entries({ ...anyValues, undefined: undefined })) {
      const { connect, errors, server } = await stage.serve(async (channel) => {
        await channel.read()
        // oxlint-disable-next-line typescript/only-throw-error -- that is the case
        throw value
      })
      const client = await connect()
      await client.write('x')
      await eventually(() => assert.equal(errors.length, 1, name))
      const [error] = errors
      assert.ok(types.isNativeError(error), name)
      assert.ok(error === value || Object.is(error.cause, value), name)
      await soon(server.close(), 'close')
    }
  },

  'any value may be the reason of a signal: listen() rejects with it, and the server can listen again':
    async (stage) => {
      for (const [name, value] of Object.entries(anyValues)) {
        const server = stage.fixture.createServer(echo)
        const controller = new AbortController()
        const listening = server.listen(stage.fixture.target(), { signal: controller.signal })
        controller.abort(value)
        await rejectsWith(soon(listening, name), value)
        assert.equal(server.state, 'idle', name)
        await soon(server.listen(stage.fixture.target()), name)
        await soon(server.close(), 'close')
      }
    },

  'any value may be the reason of a signal: connect() and read() reject with it': async (stage) => {
    const { address, connect } = await stage.serve(echo)
    for (const value of Object.values(anyValues)) {
      const aborted = AbortSignal.abort(value)
      await rejectsWith(stage.fixture.connect(address, { signal: aborted }), value)
      const dialling = new AbortController()
      const dialled = stage.fixture.connect(address, { signal: dialling.signal })
      dialling.abort(value)
      await rejectsWith(dialled, value)
      const client = await connect()
      await rejectsWith(client.read({ signal: aborted }), value)
      const controller = new AbortController()
      const reading = client.read({ signal: controller.signal })
      controller.abort(value)
      await rejectsWith(reading, value)
      const asking = new AbortController()
      const answer = exchange(client, 'x', { signal: asking.signal })
      asking.abort(value)
      await rejectsWith(answer, value)
    }
  },

  'one way to shut down: open requests are answered, then everything is closed': async (stage) => {
    const go = gate()
    const started = gate()
    const { connect, server } = await stage.serve(async (channel) => {
      const request = await channel.read()
      started.open()
      await go.opened
      await channel.write(`late ${request}`)
    })
    const asking = exchange(await connect(), 'answer')
    await soon(started.opened, 'the request')
    const stopping = server.shutdown()
    assert.equal(server.state, 'draining')
    go.open()
    assert.equal(String(await soon(asking, 'the answer')), 'late answer')
    assert.deepEqual(await soon(stopping, 'shutdown'), { idle: 0, drained: 1, forced: 0 })
    assert.equal(server.openConnections, 0)
  },
})

/**
 * Returns the suite for all transports: the same handlers and clients, and what users may rely on everywhere. Names of
 * hosts and socket files are tested, too, if the fixture says that targets have them.
 */
export function anyTransportConformance(fixture: AnyFixture): Suite {
  const parts = [
    ...(fixture.hostTarget === undefined ? [] : [lookUps]),
    ...(fixture.socketFiles === true ? [socketFiles] : []),
  ]
  return { ...anyTransport(fixture), name: fixture.name, suites: parts.map((part) => part(fixture)) }
}

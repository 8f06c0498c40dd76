import { isSockError } from '@sock/core'
import assert from 'node:assert/strict'
import { defineFaults, firstly } from './faults.js'
import { gate, readAll } from '../handlers.js'
import { eventually, ignore, soon } from '../wait.js'

/** What handlers can do to their own server. */
export const faultsOfHandlers = defineFaults('faults of handlers', {
  'a handler that throws at once, a hundred times, affects only those connections (A18)': async (stage) => {
    const scene = await stage.serve(
      firstly(() => {
        throw new Error('Thrown at once')
      }, 100),
    )
    for (let count = 0; count < 100; count++)
      await soon(scene.connect().then(readAll).catch(ignore), 'the end')
    await eventually(() => assert.equal(scene.server.stats().handlerErrors, 100))
    assert.equal(scene.errors.length, 100)
    await eventually(() => assert.equal(scene.server.openConnections, 0))
    return scene
  },

  'a handler that never settles, although its peer is gone, is abandoned at the deadline (A18)': async (
    stage,
  ) => {
    const scene = await stage.serve(firstly(() => gate().opened))
    const client = await scene.connect()
    await eventually(() => assert.equal(scene.server.openConnections, 1))
    client.destroy()
    await assert.rejects(soon(scene.server.shutdown({ timeout: 50 }), 'shutdown'), (error) => {
      assert.ok(isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT'))
      assert.deepEqual(error.report, { idle: 0, drained: 0, forced: 1 })
      return true
    })
    return stage.restart(scene)
  },

  'a callback that never settles is given up by close() (A18)': async (stage) => {
    const scene = await stage.serve({
      data: (connection, chunk) => (String(chunk) === 'never' ? gate().opened : connection.write(chunk)),
    })
    const client = await scene.connect()
    await client.write('never')
    await eventually(() => assert.equal(scene.server.stats().bytesRead, 5))
    await soon(scene.server.close(), 'closing')
    assert.equal(scene.events.at(-1)?.reason, 'closed')
    return stage.restart(scene)
  },

  'a connection that was destroyed takes every further call: each settles, none throws (A18, H7)': async (
    stage,
  ) => {
    const outcomes = gate<string[]>()
    const scene = await stage.serve(
      firstly(async (connection) => {
        const waiting = stage.keep(connection.read())
        connection.destroy()
        connection.destroy(new Error('Once more'))
        connection.closeRead()
        const calls = [
          waiting,
          connection.write('x'),
          connection.closeWrite(),
          connection.read(),
          connection.close(),
          connection.close(),
          connection[Symbol.asyncDispose](),
        ]
        const settled = await Promise.allSettled(
          calls.map((call) => stage.keep(Promise.resolve<unknown>(call))),
        )
        assert.equal(connection.isOpen, false)
        assert.equal(connection.signal.aborted, true)
        const { stream } = connection
        stream.resume().end('x')
        await new Promise((closed) => void stream.once('close', closed))
        outcomes.open(
          settled.map((result) =>
            result.status === 'rejected' ? (result.reason as { code: string }).code : String(result.value),
          ),
        )
      }),
    )
    const client = await scene.connect()
    assert.deepEqual((await soon(outcomes.opened, 'the calls')).slice(0, 3), [
      'ERR_SOCK_CLOSED',
      'ERR_SOCK_CLOSED',
      'ERR_SOCK_CLOSED',
    ])
    assert.deepEqual((await soon(outcomes.opened, 'the handler')).slice(4), [
      'undefined',
      'undefined',
      'undefined',
    ])
    await soon(readAll(client).catch(ignore), 'the end')
    await eventually(() => assert.equal(scene.events.at(-1)?.reason, 'destroyed'))
    assert.deepEqual(scene.errors, [])
    return scene
  },
})

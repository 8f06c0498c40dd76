import assert from 'node:assert/strict'
import { defineFaults } from './faults.js'
import { echo, readExactly } from '../handlers.js'
import { eventually, soon } from '../wait.js'

/** In ms. */
const BLOCKED = 2_000
const HOUR = 3_600_000

/** Jumps of the clock, and a blocked event loop. */
export const faultsOfTime = defineFaults('faults of time', {
  'an event loop that was blocked for 2 s closes no connection with unread input (G9)': async (stage) => {
    const clock = stage.holdClock()
    const scene = await stage.serve(echo, { idleTimeout: BLOCKED / 2 })
    const clients = await Promise.all(Array.from({ length: 20 }, () => scene.connect()))
    await eventually(() => assert.equal(scene.server.openConnections, 20))
    for (const client of clients) void client.write('x')
    clock.release()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED)
    const answers = await soon(Promise.all(clients.map((client) => readExactly(client, 1))), 'the answers')
    assert.equal(answers.join(''), 'x'.repeat(20))
    assert.equal(scene.server.stats().idleClosed, 0)
    return scene
  },

  'a step of the system clock, forward or back, is not taken for time that passed (G10)': async (stage) => {
    const idleTimeout = 80
    const clock = stage.holdClock()
    const scene = await stage.serve(echo, { idleTimeout })
    const client = await scene.connect()
    const { now } = Date
    try {
      Date.now = () => now() + HOUR
      for (let count = 0; count < 4; count++) {
        await client.write('x')
        await soon(readExactly(client, 1), 'the answer')
        await clock.pass(idleTimeout / 2)
      }
      assert.equal(scene.server.stats().idleClosed, 0)
      Date.now = () => now() - HOUR
      clock.release()
      await eventually(() => assert.equal(scene.server.stats().idleClosed, 1))
    } finally {
      Date.now = now
    }
    return scene
  },
})

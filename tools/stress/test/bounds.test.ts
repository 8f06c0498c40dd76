import { describe, expect, it } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import type { DatagramServerStats, StreamServerStats } from '@sock/core'
import { startChild } from '@sock/tools/children'
import { createFolder } from '@sock/tools/folder'
import type { Side } from '../src/bounds/role.js'
import { scenarioOf, scenarios } from '../src/bounds/scenarios.js'

/** In bytes: for code that is loaded later, V8's young generation, and buffers that are not collected yet. */
const SLACK = 96 * 1024 * 1024
/** A scenario fails if no statistic has changed during this many checks. On a busy machine, they are further apart. */
const LOOKS = 1_000
/** The time between two checks, in ms. */
const LOOK = 25
/** The built program: another process cannot run TypeScript. */
const ROLE = new URL('../dist/bounds/role.js', import.meta.url)

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`

// Only Linux reports the peak memory of a process.
const onLinux = process.platform === 'linux' ? it : it.skip

describe('memory of a server', () => {
  onLinux.each(Object.keys(scenarios))('is bounded by its limits under %s', async (name) => {
    const { transport, isOver, bound } = scenarioOf(name)
    const server = startChild<Side>(ROLE)
    const peers = startChild<Side>(ROLE)
    const folder = createFolder('bounds')
    try {
      const address = await server.call.listen(name, transport === 'unix' ? folder.next() : '127.0.0.1:0')
      const before = await server.call.look()
      // The attack may never end.
      void peers.call.attack(name, address).catch(() => {})
      let now = before
      for (let seen = '', looks = 0; !isOver(now.stats as StreamServerStats & DatagramServerStats); looks++) {
        if (looks === LOOKS) throw new Error(`The attack has had no further effect: ${seen}`)
        await pause(LOOK)
        now = await server.call.look()
        const statistics = JSON.stringify(now.stats)
        if (statistics !== seen) looks = 0
        seen = statistics
      }
      const growth = now.peak - before.peak
      const allowed = bound + SLACK
      process.stdout.write(
        `${name}: peak ${mebibytes(growth)} above the start, ${mebibytes(allowed)} allowed\n`,
      )
      expect(growth).toBeLessThanOrEqual(allowed)
      // It can still close everything, and ends.
      await server.call.close()
      expect(await server.stop()).toBeUndefined()
    } finally {
      for (const child of [server, peers]) child.kill('SIGKILL')
      await Promise.all([server.ended, peers.ended])
      folder.remove()
    }
  })
})

import { startChild } from '@sock/tools/children'
import { withFolder } from '@sock/tools/folder'
import { pause } from '../world/pace.js'
import type { Side } from './role.js'
import { scenarioOf } from './scenarios.js'

/** Room for code that is loaded later, V8's young generation, and buffers that are not collected yet, in bytes. */
const SLACK = 96 * 1024 * 1024
/** A scenario fails if no number has changed for this many checks. Checks are counted, not time: a busy machine also checks less often. */
const LOOKS = 1_000
/** The time between two checks, in ms. */
const LOOK = 25
/** The built program: another process cannot run TypeScript. */
const ROLE = new URL('../../dist/bounds/role.js', import.meta.url)

export interface Measured {
  /** The largest growth of the server's memory, and the growth that its limits allow, in bytes. */
  readonly growth: number
  readonly bound: number
  /** How the process ended; undefined if it closed everything and ended on its own. */
  readonly ended: string | undefined
}

/** Runs a scenario against a server. */
export function measure(name: string): Promise<Measured> {
  const { transport, isOver, bound } = scenarioOf(name)
  return withFolder('bounds', async (folder) => {
    const server = startChild<Side>(ROLE)
    const peers = startChild<Side>(ROLE)
    try {
      const address = await server.call.listen(name, transport === 'unix' ? folder.next() : '127.0.0.1:0')
      const before = await server.call.look()
      // The attack may never end.
      void peers.call.attack(name, address).catch(() => {})
      let seen = ''
      for (let looks = 0; looks < LOOKS; looks++) {
        const { peak, stats } = await server.call.look()
        if (stats !== undefined && isOver(stats as never)) {
          await server.call.close()
          return { growth: peak - before.peak, bound: bound + SLACK, ended: await server.stop() }
        }
        if (JSON.stringify(stats) !== seen) looks = 0
        seen = JSON.stringify(stats)
        await pause(LOOK)
      }
      throw new Error(`Did not come to its end: ${seen}`)
    } finally {
      for (const child of [server, peers]) child.kill('SIGKILL')
      await Promise.all([server.ended, peers.ended])
    }
  })
}

export const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`

import { startChild } from '@sock/tools/children'
import { withFolder } from '@sock/tools/folder'
import { pause } from '../world/pace.js'
import type { Side } from './role.js'
import { scenarioOf } from './scenarios.js'

/** Code that is loaded while it runs, V8's young generation, and buffers that are garbage but not yet collected. */
const SLACK = 96 * 1024 * 1024
/** A scenario in which nothing has moved for so many looks has failed: looks, since a busy machine is slow in both. */
const LOOKS = 1_000
/** In ms, between two looks. */
const LOOK = 25
/** What the build makes: another process can run nothing else. */
const ROLE = new URL('../../dist/bounds/role.js', import.meta.url)

export interface Measured {
  /** In bytes: how much the server has grown at most, and how much its limits allow. */
  readonly growth: number
  readonly bound: number
  /** How it ended, unless it closed everything and ended by itself. */
  readonly ended: string | undefined
}

/** Puts a server through a scenario. */
export function measure(name: string): Promise<Measured> {
  const { transport, isOver, bound } = scenarioOf(name)
  return withFolder('bounds', async (folder) => {
    const server = startChild<Side>(ROLE)
    const peers = startChild<Side>(ROLE)
    try {
      const address = await server.call.listen(name, transport === 'unix' ? folder.next() : '127.0.0.1:0')
      const before = await server.call.look()
      // It may go on for ever.
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

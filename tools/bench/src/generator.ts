// The load generator: a child process that does what its parent orders.
import { serveParent } from '@sock/tools/children'
import { setTimeout as delay } from 'node:timers/promises'
import { findScenario } from './rows.js'
import type { Counts, Load, MarkName } from './scenarios/scenario.js'

export interface LoadOrder extends Omit<Load, 'mark'> {
  readonly scenario: string
}

export interface Generated {
  readonly counts: Counts
  /** The share of one core that this process used from `begin` to `end`. */
  readonly busy: number
}

/** The functions of the parent, which reads the server's figures before the load continues. */
export interface Watcher {
  mark(name: MarkName): Promise<void>
}

/** How much longer than planned a round may take, in ms. The largest one opens tens of thousands of connections. */
const PATIENCE = 30_000

export type GeneratorCommands = typeof commands

const commands = {
  async load(order: LoadOrder): Promise<Generated> {
    let cpu = process.cpuUsage()
    let since = performance.now()
    let busy = 0
    const mark: Load['mark'] = async (name) => {
      if (name === 'end') {
        const { user, system } = process.cpuUsage(cpu)
        busy = (user + system) / 1000 / (performance.now() - since)
      }
      await watcher.mark(name)
      if (name === 'begin') {
        cpu = process.cpuUsage()
        since = performance.now()
      }
    }
    const settled = new AbortController()
    const limit = delay(order.milliseconds + PATIENCE, undefined, { signal: settled.signal }).then(() => {
      throw new Error('the load did not come to its end: something that was sent has not come back')
    })
    try {
      const counts = await Promise.race([findScenario(order.scenario).load({ ...order, mark }), limit])
      return { counts, busy }
    } finally {
      limit.catch(() => undefined)
      settled.abort()
    }
  },
}

const watcher = serveParent<Watcher>(commands)

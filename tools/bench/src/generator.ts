// The load generator, in a process of its own, whose parent says what to do.
import { serveParent } from '@sock/tools/children'
import { setTimeout as delay } from 'node:timers/promises'
import { findScenario } from './rows.js'
import type { Counts, Load, MarkName } from './scenarios/scenario.js'

export interface LoadOrder extends Omit<Load, 'mark'> {
  readonly scenario: string
}

export interface Generated {
  readonly counts: Counts
  /** Which share of one core this process used, from `begin` to `end`. */
  readonly busy: number
}

/** What the parent offers: it looks at the server before the load goes on. */
export interface Watcher {
  mark(name: MarkName): Promise<void>
}

/** How long a round may take beyond its time, in ms: the largest opens tens of thousands of connections. */
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

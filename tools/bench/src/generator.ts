// The load generator: a child process that does what its parent orders.
import { serveParent } from '@sock/tools/children'
import { allRows, type RowPlan } from './rows.js'
import type { Counts, Load } from './scenarios/load.js'

export interface LoadOrder extends Omit<Load, 'mark' | 'fail'> {
  /** The name of the row. */
  readonly row: string
}

/** The functions of the parent. */
export interface Watcher {
  mark: Load['mark']
}

/** How much longer than planned a round may take, in ms. The largest one opens tens of thousands of connections. */
const PATIENCE = 30_000

export type GeneratorCommands = typeof commands

const commands = {
  async load({ row, ...order }: LoadOrder): Promise<Counts> {
    const { scenario } = allRows.find(({ name }) => name === row) as RowPlan
    let fail: Load['fail'] = () => undefined
    const failure = new Promise<never>((_, reject) => (fail = reject))
    const timer = setTimeout(
      () => fail(new Error('the load did not come to its end: something that was sent has not come back')),
      order.milliseconds + PATIENCE,
    )
    let isOver = false
    const mark: Load['mark'] = async (name) => {
      // After a failure the load may go on for a while; the parent measures something else then.
      if (!isOver) await watcher.mark(name)
    }
    try {
      return await Promise.race([scenario.load({ ...order, mark, fail }), failure])
    } finally {
      isOver = true
      clearTimeout(timer)
    }
  },
}

const watcher = serveParent<Watcher>(commands)

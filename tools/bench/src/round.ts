import type { Process } from './processes.js'
import { cpuSeconds } from './cpu.js'
import type { Generated, GeneratorCommands, LoadOrder } from './generator.js'
import type { Observed, Sample, Scenario } from './scenarios/scenario.js'
import type { Memory, ServerCommands } from './server.js'
import { isDatagram, type Place } from './transports.js'

/** A server under test that runs. */
export interface Tested {
  readonly name: string
  readonly process: Process<ServerCommands>
  readonly place: Place
}

/** What one round of one subject has given. */
export interface Round {
  readonly sample: Sample
  readonly generated: Generated
  readonly sent: number
  readonly lost: number
}

/** @throws an Error that says so if anything came changed, twice, out of order, or over a stream not at all */
export async function runRound(
  scenario: Scenario,
  tested: Tested,
  generator: Process<GeneratorCommands>,
  order: LoadOrder,
): Promise<Round> {
  let cpuBefore = 0
  let cpu = 0
  const seen: { before?: Memory; after?: Memory; drainMilliseconds?: number } = {}
  const generated = await generator.call('load', order, async (mark) => {
    if (mark === 'begin') cpuBefore = cpuSeconds(tested.process.pid)
    else if (mark === 'end') cpu = cpuSeconds(tested.process.pid) - cpuBefore
    else if (mark === 'drain') seen.drainMilliseconds = await tested.process.call('drain')
    else seen[mark as 'before' | 'after'] = await tested.process.call('memory')
  })
  const report = await tested.process.call('report')
  const observed: Observed = { counts: generated.counts, cpuSeconds: cpu, report, ...seen }
  const lost = checkArrival(scenario, observed, isDatagram(order.transport))
  return {
    sample: scenario.sample(observed),
    generated,
    sent: generated.counts.count + generated.counts.lost,
    lost,
  }
}

/** @returns how many datagrams are missing */
function checkArrival({ workload }: Scenario, { counts, report }: Observed, mayLose: boolean): number {
  if (report.faults[0] !== undefined) throw new Error(report.faults[0])
  if (!mayLose && counts.lost > 0) throw new Error(`${counts.lost} answers did not come`)
  if (counts.count === 0) throw new Error('nothing was answered')
  if (workload === 'echo') return counts.lost
  if (report.bytes === 0) throw new Error('nothing of what was sent has come')
  if (mayLose) {
    if (report.messages > counts.count)
      throw new Error(`${counts.count} datagrams were sent, and ${report.messages} came`)
    return counts.count - report.messages
  }
  if (report.bytes !== counts.bytes)
    throw new Error(`${counts.bytes} bytes were sent, and ${report.bytes} came`)
  return 0
}

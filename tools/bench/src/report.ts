import type { MetricResult, Results, Row } from './results.js'
import type { Interval } from './statistics.js'
import { CONTROL } from './subjects/subject.js'

/** A generator as busy as this is too near its ceiling to say what the server could do: within a third of it. */
export const BUSY = 2 / 3

/** The lines of one row: the control with absolute figures, then each subject with its ratios. */
export function rowLines(row: Row): string[] {
  const lines = Object.entries(row.subjects).map(([subject, result]) => {
    const cells = row.metrics.map(({ name, unit }) => {
      const metric = result.metrics[name] as MetricResult
      const figure = `${name} ${formatFigure(metric.median)} ${unit}`
      return metric.ratio === undefined ? figure : `${figure} = ${formatRatio(metric)} × ${CONTROL}`
    })
    if (result.connections !== undefined) cells.push(`${result.connections} open at once, each served`)
    if (result.lost > 0) cells.push(`lost ${result.lost} of ${result.sent}`)
    return `${row.name.padEnd(21)} ${subject.padEnd(10)} ${cells.join('   ')}`
  })
  lines.push(...generatorLines(row))
  if (row.failure !== undefined) lines.push(`${row.name.padEnd(21)} FAILED ${row.failure}`)
  return lines
}

/** How near the generator was to its own limit: of the subject for which it worked most. */
function generatorLines({ metrics, subjects, generator }: Row): string[] {
  const { busy } = generator
  const ceiling = Object.values(subjects).find((result) => result.busy === busy)?.ceiling
  if (busy === undefined || ceiling === undefined) return []
  const limit = `load generator up to ${percent(busy)} busy, its ceiling is ${formatFigure(ceiling)} ${metrics[0]?.unit}`
  const warning = busy > BUSY ? ' ! within a third of it: trust cpu rather than rate' : ''
  return [`${''.padEnd(21)} ${limit}${warning}`]
}

/** `0.981 [0.970, 0.992]`; without an interval where one round was measured. */
export function formatRatio(result: MetricResult | undefined): string {
  if (result?.ratio === undefined) return '—'
  const { median, interval } = result.ratio
  const middle = median.toFixed(3)
  return interval === undefined ? middle : `${middle} [${formatInterval(interval)}]`
}

export const formatInterval = ({ low, high }: Interval): string => `${low.toFixed(3)}, ${high.toFixed(3)}`

/** Three or four digits that count. */
export function formatFigure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`

export function machineLines({ machine, commit, settings }: Results): string[] {
  const generator =
    machine.generatorNode === machine.node ? '' : `, load generator on ${machine.generatorNode}`
  const congestion = machine.congestionControl === undefined ? '' : `, TCP ${machine.congestionControl}`
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}${congestion}, Node ${machine.node}${generator}`,
    `Commit ${commit}, ${settings.rounds} rounds of ${settings.seconds} s, load by the ${settings.generator} engine; medians, [interval]`,
  ]
}

import { measuredSubjects, type Results, type Row } from './results.js'
import type { Metric } from './figures.js'
import type { Estimate } from './statistics.js'
import { CONTROL } from './subjects/subject.js'

/** From this share of a core on, the generator may limit the rate, instead of the server. */
export const BUSY = 2 / 3
/** If the interval of raw Node is wider than this share of its median, something disturbed the row. */
export const UNSTEADY = 0.3

// These widths and five subjects fit into 100 columns.
const ROW = 24
const FIGURE = 7
const RAW = 19
const RATIO = 10

const line = ([row = '', figure = '', raw = '', ...ratios]: readonly string[]): string =>
  `${row.padEnd(ROW)}${figure.padEnd(FIGURE)}${raw.padEnd(RAW)}${ratios.map((text) => text.padStart(RATIO)).join('')}`.trimEnd()

/** Returns the lines above the rows. @param subjects without the control */
export function header(subjects: readonly string[]): string[] {
  const names = subjects.map((name) => /(?:callbacks|for-await)?$/.exec(name)?.[0] || name)
  const prefixes = subjects.map((name, index) => name.slice(0, -(names[index] as string).length))
  return [line(['', '', '', ...prefixes]), line(['row', '', CONTROL, ...names])].filter(Boolean)
}

/** Returns a line for each figure of a row, and then what went wrong. @param subjects without the control */
export function rowLines(row: Row, subjects: readonly string[]): string[] {
  const lines = cellsOf(row, subjects, (ratio) => ratio.median.toFixed(3))
  const spread = spreadOfRaw(row)
  const faults = faultsOf(row)
  if (spread > UNSTEADY) faults.push(`raw varied by ${percent(spread)}: something else was busy`)
  return [
    ...lines.map((cells) => line(cells.map((cell) => cell.replace('connection', 'conn')))),
    ...faults.map((text) => line(['', `! ${text}`])),
  ]
}

/** Returns cells for each figure of a row: its names, the figure of the control, and the ratios of the subjects to that. */
export function cellsOf(
  row: Row,
  subjects: readonly string[],
  format: (ratio: Estimate) => string,
): string[][] {
  return row.metrics.map(({ name, unit }, index) => {
    const control = row.subjects[CONTROL]?.metrics[name]
    const ratios = subjects.map((subject) => row.subjects[subject]?.metrics[name]?.ratio)
    return [
      index === 0 ? row.name : '',
      name,
      control === undefined ? '—' : `${formatFigure(control.median)} ${unit}`,
      ...ratios.map((ratio) => (ratio === undefined ? '—' : format(ratio))),
    ]
  })
}

/** Lists the failure of a row and its losses. */
export function faultsOf({ failure, subjects }: Row): string[] {
  const losses = Object.entries(subjects).filter(([, { lost }]) => lost > 0)
  return [
    ...(failure === undefined ? [] : [`FAILED ${failure}`]),
    ...losses.map(([subject, { lost, sent }]) => `${subject} lost ${lost} of ${sent}`),
  ]
}

/** Returns the width of the control's interval as a share of its median; 0 for latency, which always varies. */
export function spreadOfRaw({ metrics: [main], subjects }: Row): number {
  const { median, interval } = subjects[CONTROL]?.metrics[main?.name ?? ''] ?? {}
  if (main?.better !== 'more' || median === undefined || interval === undefined) return 0
  return (interval.high - interval.low) / median
}

/** Returns the largest share of a core that the load generator used; 0 if it sent at a fixed pace. */
export const busiest = ({ subjects }: Row): number =>
  Math.max(...Object.values(subjects).map(({ busy = 0 }) => busy), 0)

/** Returns lines that summarise the rows. */
export function conclusions({ rows }: Results): string[] {
  const near = rows.filter((row) => busiest(row) > BUSY).length
  const unsteady = rows.filter((row) => spreadOfRaw(row) > UNSTEADY).length
  return [
    ...(near > 0 ? [`${near} rows: the load generator was at its limit, so cpu says more than rate.`] : []),
    ...(unsteady > 0 ? [`${unsteady} rows: raw varied too much. Measure again on a quiet machine.`] : []),
  ]
}

/** Compares two runs: a line per ratio that both have. Only intervals that do not overlap count as a change. */
export function compareResults(before: Results, after: Results): string[] {
  return after.rows.flatMap((row) => {
    const old = before.rows.find(({ name }) => name === row.name)
    return measuredSubjects(after).flatMap((subject) =>
      row.metrics.flatMap((metric) => {
        const then = old?.subjects[subject]?.metrics[metric.name]?.ratio
        const now = row.subjects[subject]?.metrics[metric.name]?.ratio
        if (then === undefined || now === undefined) return []
        const name = `${row.name.padEnd(ROW)}${subject.padEnd(17)}${metric.name.padEnd(FIGURE)}`
        return [`${name}${formatRatio(then)} → ${formatRatio(now)}   ${judgeChange(metric, then, now)}`]
      }),
    )
  })
}

function judgeChange(
  { better }: Metric,
  { interval: before }: Estimate,
  { interval: after }: Estimate,
): string {
  if (before === undefined || after === undefined) return 'one round: says nothing'
  const isMore = after.low > before.high
  const isLess = after.high < before.low
  if (!isMore && !isLess) return 'no difference that shows'
  return isMore === (better === 'more') ? 'BETTER' : 'WORSE'
}

/** `0.981 [0.970, 0.992]`; without an interval where one round was measured. */
export function formatRatio({ median, interval }: Estimate): string {
  const middle = median.toFixed(3)
  return interval === undefined
    ? middle
    : `${middle} [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]`
}

/** Formats a number with three or four significant digits. */
function formatFigure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`

export function machineLines({ machine, commit, settings }: Omit<Results, 'rows'>): string[] {
  const { cpu, cores, memoryGiB, system, congestionControl, node, generatorNode, bun } = machine
  const generator = generatorNode === node ? '' : `, load generator on ${generatorNode}`
  const congestion = congestionControl === undefined ? '' : `, TCP ${congestionControl}`
  const { rounds, seconds, generator: engine, steadyHeap = true } = settings
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}${congestion}, Node ${node}${generator}${bun === undefined ? '' : `, Bun ${bun}`}`,
    `Commit ${commit}, ${rounds} rounds of ${seconds} s, load by the ${engine} engine${steadyHeap ? ', --steady-heap' : ''}; medians`,
  ]
}

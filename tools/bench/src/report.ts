import { measuredSubjects, type MetricResult, type Results, type Row } from './results.js'
import type { Metric } from './scenarios/scenario.js'
import type { Interval } from './statistics.js'
import { CONTROL } from './subjects/subject.js'

/** From this share of a core on, the generator may limit the rate, instead of the server. */
export const BUSY = 2 / 3
/** If the interval of raw Node is wider than this share of its median, something disturbed the row. */
const UNSTEADY = 0.3

// These widths and five subjects fit into 100 columns.
const ROW = 24
const FIGURE = 7
const RAW = 19
const RATIO = 10

/** Returns the lines above the rows. */
export function header(subjects: readonly string[]): string[] {
  const others = subjects.filter((name) => name !== CONTROL)
  const line = (first: string, raw: string, names: readonly string[]): string =>
    (
      first.padEnd(ROW) +
      ''.padEnd(FIGURE) +
      raw.padEnd(RAW) +
      names.map((name) => name.padStart(RATIO)).join('')
    ).trimEnd()
  return [
    line(
      '',
      '',
      others.map((name) => (name.startsWith('native-') ? 'native-' : '')),
    ),
    line(
      'row',
      CONTROL,
      others.map((name) => name.replace('native-', '')),
    ),
  ].filter(Boolean)
}

/** Returns a line for each figure of a row: the control's figure, and the ratios of the others to it. */
export function rowLines(row: Row, subjects: readonly string[]): string[] {
  const lines = row.metrics.map(({ name, unit }, index) => {
    const control = row.subjects[CONTROL]?.metrics[name]
    const raw = control === undefined ? '—' : `${formatFigure(control.median)} ${unit}`
    const ratios = subjects
      .filter((subject) => subject !== CONTROL)
      .map((subject) => row.subjects[subject]?.metrics[name]?.ratio?.median.toFixed(3) ?? '—')
    return [
      (index === 0 ? row.name : '').padEnd(ROW),
      name.padEnd(FIGURE),
      raw.replace('connection', 'conn').padEnd(RAW),
      ...ratios.map((ratio) => ratio.padStart(RATIO)),
    ].join('')
  })
  return [...lines, ...warnings(row).map((text) => `${''.padEnd(ROW)}! ${text}`)]
}

function warnings(row: Row): string[] {
  const texts = row.failure === undefined ? [] : [`FAILED ${row.failure}`]
  for (const [subject, { lost, sent }] of Object.entries(row.subjects))
    if (lost > 0) texts.push(`${subject} lost ${lost} of ${sent}`)
  const spread = spreadOfRaw(row)
  if (spread > UNSTEADY) texts.push(`raw varied by ${percent(spread)}: something else was busy`)
  return texts
}

/** Returns the width of the control's interval as a share of its median; 0 for latency, which always varies. */
function spreadOfRaw({ metrics: [main], subjects }: Row): number {
  const { median, interval } = subjects[CONTROL]?.metrics[main?.name ?? ''] ?? {}
  if (main?.better !== 'more' || median === undefined || interval === undefined) return 0
  return (interval.high - interval.low) / median
}

/** Returns lines that summarise the rows. */
export function conclusions({ rows }: Results): string[] {
  const near = rows.filter(({ generator: { busy = 0 } }) => busy > BUSY).length
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
        const then = old?.subjects[subject]?.metrics[metric.name]
        const now = row.subjects[subject]?.metrics[metric.name]
        if (then?.ratio === undefined || now?.ratio === undefined) return []
        const name = `${row.name.padEnd(ROW)}${subject.padEnd(17)}${metric.name.padEnd(FIGURE)}`
        return [`${name}${formatRatio(then)} → ${formatRatio(now)}   ${judgeChange(metric, then, now)}`]
      }),
    )
  })
}

function judgeChange(
  { better }: Metric,
  { ratio: then }: MetricResult,
  { ratio: now }: MetricResult,
): string {
  const before = then?.interval
  const after = now?.interval
  if (before === undefined || after === undefined) return 'one round: says nothing'
  const isMore = after.low > before.high
  const isLess = after.high < before.low
  if (!isMore && !isLess) return 'no difference that shows'
  return isMore === (better === 'more') ? 'BETTER' : 'WORSE'
}

/** `0.981 [0.970, 0.992]`; without an interval where one round was measured. */
export function formatRatio(result: MetricResult | undefined): string {
  if (result?.ratio === undefined) return '—'
  const { median, interval } = result.ratio
  const middle = median.toFixed(3)
  return interval === undefined ? middle : `${middle} [${formatInterval(interval)}]`
}

const formatInterval = ({ low, high }: Interval): string => `${low.toFixed(3)}, ${high.toFixed(3)}`

/** Formats a number with three or four significant digits. */
export function formatFigure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`

export function machineLines({ machine, commit, settings }: Results): string[] {
  const { cpu, cores, memoryGiB, system, congestionControl, node, generatorNode } = machine
  const generator = generatorNode === node ? '' : `, load generator on ${generatorNode}`
  const congestion = congestionControl === undefined ? '' : `, TCP ${congestionControl}`
  const { rounds, seconds, generator: engine, steadyHeap = true } = settings
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}${congestion}, Node ${node}${generator}`,
    `Commit ${commit}, ${rounds} rounds of ${seconds} s, load by the ${engine} engine${steadyHeap ? ', --steady-heap' : ''}; medians, [interval]`,
  ]
}

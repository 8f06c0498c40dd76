import type { Metric } from './figures.js'
import { measuredSubjects, type Results, type Row } from './results.js'
import type { Estimate } from './statistics.js'
import { CONTROL } from './subjects/subject.js'

/** From this share of a core on, the generator may limit the rate, instead of the server. */
export const BUSY = 0.9
/** If the interval of raw Node is wider than this share of its median, something disturbed the row. */
export const UNSTEADY = 0.3

/** With these widths, the usual subjects fit into 100 columns. */
const ROW = 24
const FIGURE = 7
const RAW = 20
const RATIO = 7

function line([row = '', figure = '', raw = '', ...ratios]: string[], subjects: readonly string[]): string {
  const columns = ratios.map((text, index) =>
    text.padStart(Math.max(RATIO, (subjects[index] as string).length + 2)),
  )
  return `${row.padEnd(ROW)}${figure.padEnd(FIGURE)}${raw.padEnd(RAW)}${columns.join('')}`
}

/** Returns the lines above the rows. @param subjects without the control */
export const header = (subjects: readonly string[]): string =>
  `The columns after ${CONTROL} are ratios to it. Of rate and bytes, more is better, otherwise less.\n\n${line(['row', '', CONTROL, ...subjects], subjects)}`

/** Returns a line for each figure of a row, and then what is to be said about it. @param subjects without the control */
export function rowLines(row: Row, subjects: readonly string[]): string[] {
  const text = notes(row)
  return [
    ...cellsOf(row, subjects, 3).map((cells) => line(cells, subjects)),
    ...(text === '' ? [] : [`  ${text}`]),
  ]
}

/**
 * Returns cells for each figure of a row: its names, the figure of the control, and the ratios of the subjects to that.
 *
 * @param mark follows a rate that the generator may have limited
 */
export function cellsOf(row: Row, subjects: readonly string[], digits: number, mark = ''): string[][] {
  const limited = new Set(limitedSubjects(row))
  return row.metrics.map(({ name, unit, better }, index) => {
    const markOf = (subject: string): string => (better === 'more' && limited.has(subject) ? mark : '')
    const control = row.subjects[CONTROL]?.metrics[name]
    return [
      index === 0 ? row.name : '',
      name,
      control === undefined ? '—' : `${formatFigure(control.median)} ${unit}${markOf(CONTROL)}`,
      ...subjects.map((subject) => {
        const ratio = row.subjects[subject]?.metrics[name]?.ratio
        return ratio === undefined ? '—' : `${ratio.median.toFixed(digits)}${markOf(subject)}`
      }),
    ]
  })
}

/** Lists connections, doubts about the figures, and faults. */
function notes(row: Row): string {
  const connections = row.subjects[CONTROL]?.connections
  const limited = limitedSubjects(row)
  return [
    ...(connections === undefined ? [] : [`${connections.toLocaleString('en-US')} open, each served`]),
    ...(limited.length === 0 ? [] : [`generator busy with ${limited.join(' ')}`]),
    ...(isUnsteady(row) ? [`${CONTROL} varied by ${percent(spreadOfRaw(row))}`] : []),
    ...faultsOf(row),
  ].join(', ')
}

/** The subjects that kept the generator so busy that it may have limited their rates. */
const limitedSubjects = ({ subjects }: Row): string[] =>
  Object.keys(subjects).filter((name) => (subjects[name]?.busy ?? 0) > BUSY)

/** Whether something else disturbed the row. */
export const isUnsteady = (row: Row): boolean => spreadOfRaw(row) > UNSTEADY

/** Why a row has no figures, and which subjects lost datagrams. */
export const faultsOf = ({ failure, subjects }: Row): string[] => [
  ...(failure === undefined ? [] : [`FAILED ${failure}`]),
  ...Object.entries(subjects).flatMap(([name, { lost, sent }]) =>
    lost > 0 ? [`${name} lost ${lost} of ${sent}`] : [],
  ),
]

/** Returns the width of the control's interval as a share of its median; 0 for latency, which always varies. */
function spreadOfRaw({ metrics: [main], subjects }: Row): number {
  const { median, interval } = subjects[CONTROL]?.metrics[main?.name ?? ''] ?? {}
  if (main?.better !== 'more' || median === undefined || interval === undefined) return 0
  return (interval.high - interval.low) / median
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

function judgeChange({ better }: Metric, then: Estimate, now: Estimate): string {
  const { interval: before } = then
  const { interval: after } = now
  if (before === undefined || after === undefined) return 'one round: says nothing'
  const isMore = after.low > before.high
  if (!isMore && after.high >= before.low) return 'no difference that shows'
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
  const { cpu, cores, memoryGiB, system, congestionControl, node, bun } = machine
  const { rounds, seconds, steadyHeap } = settings
  const howMany = rounds === 1 ? 'one round (no interval: it shows little)' : `${rounds} rounds`
  const onBun = bun === undefined ? '' : `, Bun ${bun}`
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, TCP ${congestionControl}, Node ${node}${onBun}`,
    `Commit ${commit}, ${howMany} of ${seconds} s, load by the native engine${steadyHeap ? ', --steady-heap' : ''}; medians`,
  ]
}

import { formatRatio } from './report.js'
import type { Results, Row } from './results.js'
import { matchesRow } from './rows.js'
import { CONTROL } from './subjects/subject.js'

/** What the packages aim at in some rows: a bound of a figure's ratio to that of another subject. */
export interface Goal {
  readonly rows: string
  readonly subject: string
  /** It applies to rows whose figure is the better the more, or the less, it is. */
  readonly better: 'more' | 'less'
  readonly bound: number
  /** Default: the main figure of the row. */
  readonly figure?: string
  /** The subject to compare with. Default: the control. */
  readonly than?: string
}

const messages = { rows: '*/{rr,oneway*,echo*}', better: 'more' } as const
const connections = { rows: '*/{connect,reset}', better: 'more' } as const
const memory = { rows: '*/{idle,many}', better: 'less' } as const
const requests = { rows: '*/rr', better: 'more', bound: 0.95 } as const

/** The load generator is at its limit before a fast server is. So this compares what a unit of work costs the server. */
const timesAsFast = (rows: string, subject: string, times: number): Goal => ({
  rows,
  subject,
  better: 'less',
  bound: 1 / times,
  figure: 'cpu',
})

const GOALS: readonly Goal[] = [
  { ...messages, subject: 'callbacks', bound: 0.97 },
  { ...messages, subject: 'for-await', bound: 0.92 },
  { ...requests, subject: 'for-await', than: 'callbacks' },
  { ...requests, subject: 'native-for-await', than: 'native-callbacks' },
  { rows: '*/{lines-64,frames-1400}', better: 'more', subject: 'callbacks', bound: 0.9 },
  { ...connections, subject: 'callbacks', bound: 0.97 },
  { ...connections, subject: 'for-await', bound: 0.95 },
  { ...memory, subject: 'callbacks', bound: 1.25 },
  { ...memory, subject: 'for-await', bound: 2.15 },
  timesAsFast('tcp/oneway', 'reuse-callbacks', 1.35),
  timesAsFast('unix/oneway', 'reuse-callbacks', 1.5),
  timesAsFast('tcp/echo', 'reuse-callbacks', 1.5),
  timesAsFast('unix/echo', 'reuse-callbacks', 1.7),
  timesAsFast('udp/oneway-largest', 'native-callbacks', 2.2),
  timesAsFast('unixgram/oneway-largest', 'native-callbacks', 1.3),
  timesAsFast('tcp/connect', 'native-callbacks', 1.7),
  timesAsFast('unix/connect', 'native-callbacks', 2.1),
  timesAsFast('tcp/rr', 'native-callbacks', 1.5),
  timesAsFast('unixgram/rr', 'native-callbacks', 1.8),
  { rows: 'tcp/relay', better: 'more', subject: 'native-relay', bound: 0.8, than: 'haproxy' },
]

/** What became of a goal in a row. */
export interface Verdict {
  /** Row, subject, figure, ratio and goal. */
  readonly cells: readonly string[]
  readonly isMiss: boolean
  /** Whether the whole interval lies beyond the goal. */
  readonly isClear: boolean
}

export const judge = ({ rows }: Results): Verdict[] =>
  GOALS.flatMap((goal) => rows.flatMap((row) => judgeRow(goal, row) ?? []))

/** @returns nothing if the goal is not about this row, or the row was not measured */
function judgeRow(goal: Goal, row: Row): Verdict | undefined {
  const { rows, subject, better, bound, figure, than = CONTROL } = goal
  const metric = figure === undefined ? row.metrics[0] : row.metrics.find(({ name }) => name === figure)
  if (metric?.better !== better || !matchesRow(rows, row.name)) return undefined
  const toControl = row.subjects[subject]?.metrics[metric.name]?.ratio
  const base = than === CONTROL ? undefined : row.subjects[than]?.metrics[metric.name]?.ratio
  if (toControl === undefined || (than !== CONTROL && base === undefined)) return undefined
  const ratio = base === undefined ? toControl : { median: toControl.median / base.median }
  const { median, interval = { low: median, high: median } } = ratio
  const misses = (value: number): boolean => (better === 'more' ? value < bound : value > bound)
  const aim = `${better === 'more' ? '≥' : '≤'} ${Number(bound.toFixed(3))}`
  return {
    cells: [row.name, subject, metric.name, `${formatRatio(ratio)} of ${than}`, aim],
    isMiss: misses(median),
    isClear: misses(interval.low) && misses(interval.high),
  }
}

/** @returns a sentence for each figure that misses its goal */
export const describeMisses = (results: Results): string[] =>
  judge(results)
    .filter(({ isMiss }) => isMiss)
    .map(
      ({ cells: [row, subject, metric, ratio, goal] }) =>
        `${row} ${subject}: ${metric} is ${ratio}; the goal is ${goal}`,
    )

import type { Results } from './results.js'
import { matchesRow } from './rows.js'
import type { Estimate } from './statistics.js'
import { CONTROL } from './subjects/subject.js'

/** What the packages aim at in some rows, for every transport: a bound of the main figure's ratio to raw. */
export interface Goal {
  readonly rows: string
  readonly subject: string
  /** It applies to rows whose main figure is the better the more, or the less, it is. */
  readonly better: 'more' | 'less'
  readonly bound: number
}

const messages = { rows: '*/{rr,oneway*,echo*}', better: 'more' } as const
const connections = { rows: '*/{connect,reset}', better: 'more' } as const

const GOALS: readonly Goal[] = [
  { ...messages, subject: 'callbacks', bound: 0.97 },
  { ...messages, subject: 'for-await', bound: 0.92 },
  { rows: '*/{lines-64,frames-1400}', better: 'more', subject: 'callbacks', bound: 0.9 },
  { ...connections, subject: 'callbacks', bound: 0.95 },
  { ...connections, subject: 'for-await', bound: 0.95 },
  { rows: '*/{idle,many}', better: 'less', subject: 'callbacks', bound: 1.25 },
]

/** A figure that a goal applies to. */
export interface Judged {
  readonly goal: Goal
  readonly row: string
  readonly metric: string
  readonly ratio: Estimate
  readonly holds: boolean
}

export function judge({ rows }: Results): Judged[] {
  return GOALS.flatMap((goal) =>
    rows.flatMap(({ name: row, metrics: [main], subjects }) => {
      if (main?.better !== goal.better || !matchesRow(goal.rows, row)) return []
      const ratio = subjects[goal.subject]?.metrics[main.name]?.ratio
      if (ratio === undefined) return []
      const holds = goal.better === 'more' ? ratio.median >= goal.bound : ratio.median <= goal.bound
      return [{ goal, row, metric: main.name, ratio, holds }]
    }),
  )
}

/** @returns a sentence for each figure that misses its goal */
export function describeMisses(results: Results): string[] {
  return judge(results)
    .filter(({ holds }) => !holds)
    .map(({ goal: { subject, better, bound }, row, metric, ratio }) => {
      const aim = `${better === 'more' ? 'at least' : 'at most'} ${bound}`
      return `${row} ${subject}: ${metric} is ${ratio.median.toFixed(3)} of ${CONTROL}; the goal is ${aim}`
    })
}

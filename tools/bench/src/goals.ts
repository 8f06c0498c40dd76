import { formatRatio } from './report.js'
import type { Results } from './results.js'
import { matchesRow } from './rows.js'
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

/** @returns how many figures have a goal, and for each that misses it: row, subject, figure, ratio, goal, and whether it is clear */
export function judge({ rows }: Results): { readonly count: number; readonly misses: string[][] } {
  const judged = GOALS.flatMap(({ rows: pattern, subject, better, bound }) =>
    rows.flatMap(({ name: row, metrics: [main], subjects }) => {
      if (main?.better !== better || !matchesRow(pattern, row)) return []
      const ratio = subjects[subject]?.metrics[main.name]?.ratio
      if (ratio === undefined) return []
      const misses = (value: number): boolean => (better === 'more' ? value < bound : value > bound)
      const { median, interval: { low, high } = { low: median, high: median } } = ratio
      const isClear = misses(low) && misses(high)
      const goal = `${better === 'more' ? '≥' : '≤'} ${bound}`
      const cells = [row, subject, main.name, formatRatio(ratio), goal, isClear ? 'yes' : 'no']
      return [{ misses: misses(median), cells }]
    }),
  )
  const misses = judged.filter((figure) => figure.misses).map(({ cells }) => cells)
  return { count: judged.length, misses }
}

/** @returns a sentence for each figure that misses its goal */
export const describeMisses = (results: Results): string[] =>
  judge(results).misses.map(
    ([row, subject, metric, ratio, goal]) =>
      `${row} ${subject}: ${metric} is ${ratio} of ${CONTROL}; the goal is ${goal}`,
  )

import { formatInterval } from './report.js'
import type { Results } from './results.js'
import { matchesRow } from './rows.js'
import type { Estimate } from './statistics.js'
import { CONTROL, subjects } from './subjects/subject.js'

/** A rule about ratios. */
export interface Rule {
  readonly text: string
  readonly rows: string
  readonly subject: string
  /** If undefined, the first figure of the row, in rows where more (`>=`) or less (`<=`) is better. */
  readonly metric: string | undefined
  readonly sense: '>=' | '<='
  readonly bound: number
}

/** A figure that a rule applies to. */
export interface Verdict {
  readonly row: string
  readonly metric: string
  readonly ratio: Estimate
  readonly holds: boolean
}

const RULE = /^(?:([^:]+):)?(?:ours-)?([a-z0-9-]+)(?:\.([a-z0-9.]+))?(>=|<=)(\d+(?:\.\d+)?)$/

/** @throws Error that says what is wrong */
export function parseRule(text: string): Rule {
  const match = RULE.exec(text.replaceAll(' ', ''))
  if (match === null)
    throw new Error('Expected something like callbacks>=0.97 or tcp/rr:callbacks.cpu<=1.05.')
  const [, rows = '*/*', subject = '', metric, sense, bound] = match
  if (subject === CONTROL || !subjects.some(({ name }) => name === subject))
    throw new Error(`There is no subject ${subject} that could be compared.`)
  return { text, rows, subject, metric, sense: sense as '>=' | '<=', bound: Number(bound) }
}

/** The goals of the packages for every transport, as ratios to raw. */
export const GOALS: readonly Rule[] = [
  '*/{rr,oneway*,echo*}:callbacks>=0.97',
  '*/{rr,oneway*,echo*}:for-await>=0.92',
  '*/{lines-64,frames-1400}:callbacks>=0.9',
  '*/{connect,reset}:callbacks>=0.95',
  '*/{connect,reset}:for-await>=0.95',
  '*/{idle,many}:callbacks<=1.25',
].map(parseRule)

/** Returns every figure that a rule applies to. */
export function judge({ rows: pattern, subject, metric, sense, bound }: Rule, { rows }: Results): Verdict[] {
  return rows
    .filter(({ name }) => matchesRow(pattern, name))
    .flatMap(({ name: row, metrics: [main], subjects: measured }) => {
      if (metric === undefined && main?.better !== (sense === '>=' ? 'more' : 'less')) return []
      const name = metric ?? main?.name ?? ''
      const ratio = measured[subject]?.metrics[name]?.ratio
      if (ratio === undefined) return []
      const holds = sense === '>=' ? ratio.median >= bound : ratio.median <= bound
      return [{ row, metric: name, ratio, holds }]
    })
}

/** @returns a sentence for each figure that breaks the rule, and one if the rule applies to none */
export function checkRule(rule: Rule, results: Results): string[] {
  const verdicts = judge(rule, results)
  if (verdicts.length === 0) return [`${rule.text} says nothing about what was measured`]
  return verdicts
    .filter(({ holds }) => !holds)
    .map(({ row, metric, ratio: { median, interval } }) => {
      const range = interval === undefined ? '' : ` [${formatInterval(interval)}]`
      return `${rule.text} does not hold: ${row} ${rule.subject} ${metric} is ${median.toFixed(3)}${range}`
    })
}

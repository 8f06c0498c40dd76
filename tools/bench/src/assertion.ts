import { formatInterval } from './report.js'
import type { Results } from './results.js'
import { matchesRow } from './rows.js'
import { CONTROL } from './subjects/subject.js'
import { subjects } from './subjects/subjects.js'

/** A rule about ratios. */
export interface Assertion {
  readonly text: string
  readonly rows: string
  readonly subject: string
  /** Undefined: the figure that stands for the row, where it is good for this sense. */
  readonly metric: string | undefined
  readonly sense: '>=' | '<='
  readonly bound: number
}

const RULE = /^(?:([^:]+):)?(?:ours-)?([a-z-]+)(?:\.([a-z0-9.]+))?(>=|<=)(\d+(?:\.\d+)?)$/

/** @throws an Error that says what is wrong */
export function parseAssertion(text: string): Assertion {
  const match = RULE.exec(text.replaceAll(' ', ''))
  if (match === null)
    throw new Error('Expected something like callbacks>=0.97 or tcp/rr:callbacks.cpu<=1.05.')
  const [, rows = '*/*', subject = '', metric, sense, bound] = match
  if (subject === CONTROL || !subjects.some(({ name }) => name === subject))
    throw new Error(`There is no subject ${subject} that could be compared.`)
  return { text, rows, subject, metric, sense: sense as '>=' | '<=', bound: Number(bound) }
}

/** @returns a sentence for each figure that breaks the rule, and one if it says nothing about any */
export function checkAssertion(assertion: Assertion, { rows }: Results): string[] {
  const { text, subject, metric, sense, bound } = assertion
  let seen = 0
  const broken: string[] = []
  for (const row of rows.filter(({ name }) => matchesRow(assertion.rows, name))) {
    const [main] = row.metrics
    if (metric === undefined && main?.better !== (sense === '>=' ? 'more' : 'less')) continue
    const name = metric ?? main?.name ?? ''
    const ratio = row.subjects[subject]?.metrics[name]?.ratio
    if (ratio === undefined) continue
    seen += 1
    const holds = sense === '>=' ? ratio.median >= bound : ratio.median <= bound
    if (holds) continue
    const interval = ratio.interval === undefined ? '' : ` [${formatInterval(ratio.interval)}]`
    broken.push(
      `${text} does not hold: ${row.name} ${subject} ${name} is ${ratio.median.toFixed(3)}${interval}`,
    )
  }
  return seen > 0 ? broken : [`${text} says nothing about what was measured`]
}

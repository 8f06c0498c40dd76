import { readFileSync } from 'node:fs'
import { median, sum } from 'simple-statistics'
import type { Figure, Metric, Round } from './figures.js'
import type { Machine } from './machine.js'
import { estimate, type Estimate } from './statistics.js'
import { CONTROL } from './subjects/subject.js'

/** The results of a run, as JSON. */
export interface Results {
  readonly version: 2
  readonly machine: Machine
  /** The commit that was measured; a `+` after it means that files had changed since. */
  readonly commit: string
  readonly settings: {
    readonly rounds: number
    readonly seconds: number
    readonly connections: number
    readonly steadyHeap: boolean
  }
  readonly rows: readonly Row[]
}

export interface Row {
  /** `tcp/rr`. */
  readonly name: string
  readonly about: string
  readonly metrics: readonly Metric[]
  readonly subjects: Readonly<Record<string, SubjectResult>>
  /** Why there are no figures. */
  readonly failure?: string | undefined
}

export interface SubjectResult {
  readonly metrics: Readonly<Record<string, MetricResult>>
  /** The number of datagrams, over all rounds. */
  readonly sent: number
  readonly lost: number
  /** The number of concurrent connections, in scenarios about that. */
  readonly connections?: number | undefined
  /** The share of a core that the generator used meanwhile. Undefined if it sent at a fixed pace. */
  readonly busy?: number | undefined
}

export interface MetricResult extends Estimate {
  /** The ratio to the control, from pairs of the same round. */
  readonly ratio?: Estimate
}

/** Returns the measured subjects without the control, in the order of the options. */
export function measuredSubjects({ rows }: Pick<Results, 'rows'>): string[] {
  const names = new Set(rows.flatMap(({ subjects }) => Object.keys(subjects)))
  return [...names].filter((name) => name !== CONTROL)
}

/** @throws Error that says what is wrong with the file */
export function readResults(file: string): Results {
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results
  if (results.version !== 2) throw new Error(`${file} holds no results of this harness`)
  return results
}

/** Computes the figures of a subject. @param control the same rounds of the control; none for itself */
export function summarize(
  figures: readonly Figure[],
  rounds: readonly Round[],
  control: readonly Round[],
): SubjectResult {
  const results = figures.map(({ name, of }): [string, MetricResult] => {
    const values = rounds.map(of)
    // Pairs of the same round, so that a disturbance of both does not count.
    const ratios = control.map((round, index) => (values[index] as number) / of(round))
    return [name, { ...estimate(values), ...(ratios.length > 0 ? { ratio: estimate(ratios) } : {}) }]
  })
  const busy = rounds.flatMap((round) => round.busy ?? [])
  return {
    metrics: Object.fromEntries(results),
    sent: sum(rounds.map(({ count, lost }) => count + lost)),
    lost: sum(rounds.map(({ lost }) => lost)),
    connections: rounds[0]?.connections,
    busy: busy.length > 0 ? median(busy) : undefined,
  }
}

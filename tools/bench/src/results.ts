import { readFileSync } from 'node:fs'
import { median } from 'simple-statistics'
import type { Machine } from './machine.js'
import type { Round } from './measure.js'
import type { RowPlan } from './rows.js'
import type { Metric, Scenario } from './scenarios/scenario.js'
import { estimate, ratios, type Estimate } from './statistics.js'
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
    /** The engine of the load generator, except for TLS. */
    readonly generator: 'node' | 'native'
    /** Missing in results from before the option existed; they had it. */
    readonly steadyHeap?: boolean
  }
  readonly rows: readonly Row[]
}

export interface Row {
  /** `tcp/rr`. */
  readonly name: string
  readonly about: string
  readonly metrics: readonly Metric[]
  readonly subjects: Readonly<Record<string, SubjectResult>>
  /** Why there are no figures, or not all. */
  readonly failure?: string | undefined
  readonly generator: {
    /** The largest share of a core that the load generator used, over the subjects. Undefined if it sent at a fixed pace. */
    readonly busy?: number | undefined
  }
}

export interface SubjectResult {
  readonly metrics: Readonly<Record<string, MetricResult>>
  /** The number of datagrams, over all rounds. */
  readonly sent: number
  readonly lost: number
  /** The number of concurrent connections, in scenarios about that. */
  readonly connections?: number | undefined
  /** The share of a core that the generator used while this subject was measured. */
  readonly busy?: number | undefined
}

export interface MetricResult extends Estimate {
  /** The ratio to the control, from pairs of the same round. */
  readonly ratio?: Estimate
}

/** Returns the measured subjects without the control, in the order of the options. */
export function measuredSubjects({ rows }: Results): string[] {
  const names = new Set(rows.flatMap(({ subjects }) => Object.keys(subjects)))
  return [...names].filter((name) => name !== CONTROL)
}

/** @throws Error that says what is wrong with the file */
export function readResults(file: string): Results {
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results
  if (results.version !== 2) throw new Error(`${file} holds no results of this harness`)
  return results
}

/** Computes the figures of a row from its rounds. */
export function summarize(
  { name, scenario }: RowPlan,
  rounds: ReadonlyMap<string, Round[]>,
  failure?: string,
): Row {
  // If a subject fails, others may lack their last round. Keep the complete pairs.
  const count = Math.min(...[...rounds.values()].map(({ length }) => length))
  const control = rounds.get(CONTROL)?.slice(0, count) ?? []
  const subjects = Object.fromEntries(
    [...rounds]
      .filter(() => count > 0)
      .map(([subject, own]) => [
        subject,
        summarizeSubject(scenario, own.slice(0, count), subject === CONTROL ? [] : control),
      ]),
  )
  const busy = Object.values(subjects).flatMap((result) => result.busy ?? [])
  const generator = { busy: busy.length === 0 ? undefined : Math.max(...busy) }
  return { name, about: scenario.about, metrics: scenario.metrics, subjects, failure, generator }
}

function summarizeSubject(
  { metrics, isPaced = false }: Scenario,
  rounds: readonly Round[],
  control: readonly Round[],
): SubjectResult {
  const results: Record<string, MetricResult> = {}
  for (const { name } of metrics) {
    const of = ({ sample }: Round): number => sample[name] as number
    const values = rounds.map(of)
    const ratio = control.length > 0 ? { ratio: estimate(ratios(values, control.map(of))) } : {}
    results[name] = { ...estimate(values), ...ratio }
  }
  const counts = rounds.map(({ generated }) => generated.counts)
  return {
    metrics: results,
    sent: sum(counts.map(({ count, lost }) => count + lost)),
    lost: sum(rounds.map(({ lost }) => lost)),
    connections: counts[0]?.connections,
    busy: isPaced ? undefined : median(rounds.map(({ generated }) => generated.busy)),
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

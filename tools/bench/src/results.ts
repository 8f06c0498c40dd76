import { readFileSync } from 'node:fs'
import { median } from 'simple-statistics'
import type { Machine } from './machine.js'
import type { Round } from './measure.js'
import type { RowPlan } from './rows.js'
import type { Metric, Scenario } from './scenarios/scenario.js'
import { estimate, ratios, type Estimate } from './statistics.js'
import { CONTROL } from './subjects/subject.js'

/** What a run leaves as JSON. */
export interface Results {
  readonly version: 2
  readonly machine: Machine
  /** Of the sources that were measured; `+` after it: with changes that are in no commit. */
  readonly commit: string
  readonly settings: {
    readonly rounds: number
    readonly seconds: number
    readonly connections: number
    /** What moved the bytes of the load generator, but those of TLS. */
    readonly generator: 'node' | 'native'
    /** Undefined: results from before there was a choice, which had it. */
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
    /** The largest share of a core that the load generator used, over the subjects. Undefined where it keeps a pace. */
    readonly busy?: number | undefined
  }
}

export interface SubjectResult {
  readonly metrics: Readonly<Record<string, MetricResult>>
  /** Datagrams, over all rounds. */
  readonly sent: number
  readonly lost: number
  /** Connections that were open at once, where that is what it is about. */
  readonly connections?: number | undefined
  /** Share of a core that the generator used while this subject was measured. */
  readonly busy?: number | undefined
}

export interface MetricResult extends Estimate {
  /** To the control, in pairs of the same round. */
  readonly ratio?: Estimate
}

/** What was measured beside the control, in the order in which it was asked for. */
export function measuredSubjects({ rows }: Results): string[] {
  const names = new Set(rows.flatMap(({ subjects }) => Object.keys(subjects)))
  return [...names].filter((name) => name !== CONTROL)
}

/** @throws an Error that says what is wrong with the file */
export function readResults(file: string): Results {
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results
  if (results.version !== 2) throw new Error(`${file} holds no results of this harness`)
  return results
}

/** The rounds of a row, made into what is shown of them. */
export function summarize(
  { name, scenario }: RowPlan,
  rounds: ReadonlyMap<string, Round[]>,
  failure?: string,
): Row {
  // When one fails, the others may lack their last round: what was paired is kept.
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

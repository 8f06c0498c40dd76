import { readFileSync } from 'node:fs'
import type { Machine } from './machine.js'
import type { GeneratorName } from './native.js'
import type { Metric } from './scenarios/scenario.js'
import type { Estimate } from './statistics.js'
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
    readonly connections: number | 'max'
    readonly generator: GeneratorName
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
  /** The rate that the generator would reach if it were never idle: what limits the figures of this row. */
  readonly ceiling?: number | undefined
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
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`, { cause: error })
  }
  try {
    const results = JSON.parse(text) as Results
    if (results.version === 2 && Array.isArray(results.rows)) return results
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Error(`${file} holds no results of this harness`)
}

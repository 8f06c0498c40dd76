import type { MetricResult, Row, SubjectResult } from './results.js'
import type { Round } from './round.js'
import type { RowPlan } from './rows.js'
import type { Metric } from './scenarios/scenario.js'
import { estimate, ratios } from './statistics.js'
import { median } from 'simple-statistics'
import { CONTROL } from './subjects/subject.js'

/** The rounds of a row, made into what is shown of them. */
export function summarize(plan: RowPlan, rounds: ReadonlyMap<string, Round[]>, failure?: string): Row {
  const { name, scenario } = plan
  const control = rounds.get(CONTROL) ?? []
  const subjects: Record<string, SubjectResult> = {}
  // When one fails, the others may lack their last round: what was paired is kept.
  const count = Math.min(...[...rounds.values()].map(({ length }) => length))
  if (count > 0) {
    for (const [subject, own] of rounds)
      subjects[subject] = summarizeSubject(
        scenario.metrics,
        own.slice(0, count),
        subject === CONTROL ? undefined : control.slice(0, count),
        scenario.isPaced ?? false,
      )
  }
  const busy = Object.values(subjects).flatMap((result) => result.busy ?? [])
  return {
    name,
    about: scenario.about,
    metrics: scenario.metrics,
    subjects,
    failure,
    generator: { busy: busy.length === 0 ? undefined : Math.max(...busy) },
  }
}

function summarizeSubject(
  metrics: readonly Metric[],
  rounds: readonly Round[],
  control: readonly Round[] | undefined,
  isPaced: boolean,
): SubjectResult {
  const results: Record<string, MetricResult> = {}
  for (const { name } of metrics) {
    const values = rounds.map(({ sample }) => sample[name] as number)
    const ratio = control?.map(({ sample }) => sample[name] as number)
    results[name] = {
      ...estimate(values),
      ...(ratio === undefined || ratio.length === 0 ? {} : { ratio: estimate(ratios(values, ratio)) }),
    }
  }
  const busy = isPaced ? undefined : median(rounds.map(({ generated }) => generated.busy))
  const main = metrics[0]
  const rate = main?.better === 'more' ? results[main.name]?.median : undefined
  return {
    metrics: results,
    sent: sum(rounds.map(({ sent }) => sent)),
    lost: sum(rounds.map(({ lost }) => lost)),
    connections: rounds[0]?.generated.counts.connections,
    busy,
    ceiling: rate === undefined || busy === undefined ? undefined : rate / busy,
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

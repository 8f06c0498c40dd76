import { formatRatio } from './report.js'
import type { MetricResult, Results } from './results.js'
import type { Metric } from './scenarios/scenario.js'

/** What has changed between two runs, a line per ratio that both have. Only intervals that lie apart count as a change. */
export function compareResults(before: Results, after: Results): string[] {
  return after.rows.flatMap((row) => {
    const old = before.rows.find(({ name }) => name === row.name)
    return Object.entries(row.subjects).flatMap(([subject, result]) =>
      row.metrics.flatMap((metric) => {
        const then = old?.subjects[subject]?.metrics[metric.name]
        const now = result.metrics[metric.name]
        if (then?.ratio === undefined || now?.ratio === undefined) return []
        const name = `${row.name.padEnd(21)} ${subject.padEnd(10)} ${metric.name.padEnd(7)}`
        return [`${name} ${formatRatio(then)} → ${formatRatio(now)}   ${judge(metric, then, now)}`]
      }),
    )
  })
}

function judge({ better }: Metric, { ratio: then }: MetricResult, { ratio: now }: MetricResult): string {
  const before = then?.interval
  const after = now?.interval
  if (before === undefined || after === undefined) return 'one round: says nothing'
  const isMore = after.low > before.high
  const isLess = after.high < before.low
  if (!isMore && !isLess) return 'no difference that shows'
  return isMore === (better === 'more') ? 'BETTER' : 'WORSE'
}

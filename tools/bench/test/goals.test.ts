import { describe, expect, it } from '@jest/globals'
import { describeMisses } from '../dist/goals.js'
import type { Results } from '../dist/results.js'

/** Results of one row, in which callbacks have this ratio. */
function withRatio(name: string, median: number): Results {
  const metric = name === 'tcp/idle' ? 'memory' : 'rate'
  const better = name === 'tcp/idle' ? 'less' : 'more'
  const metrics = { [metric]: { median: 1, ratio: { median } } }
  const row = { name, metrics: [{ name: metric, unit: '', better }], subjects: { callbacks: { metrics } } }
  return { rows: [row] } as unknown as Results
}

describe('describeMisses()', () => {
  it.each([
    ['tcp/rr', 0.9, ['tcp/rr callbacks: rate is 0.900 of raw; the goal is ≥ 0.97']],
    ['tcp/rr', 0.97, []],
    ['tcp/idle', 1.3, ['tcp/idle callbacks: memory is 1.300 of raw; the goal is ≤ 1.25']],
    ['tcp/idle', 1.25, []],
  ])('describeMisses() of %s with a ratio of %d is %j', (row, ratio, misses) => {
    expect(describeMisses(withRatio(row, ratio))).toEqual(misses)
  })
})

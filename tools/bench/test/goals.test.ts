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
  it('compares a subject with another one where the goal says so', () => {
    const metrics = [{ name: 'rate', unit: '', better: 'more' }]
    const rate = (median: number): object => ({ metrics: { rate: { median: 1, ratio: { median } } } })
    const row = (haproxy: object): object => ({
      rows: [{ name: 'tcp/relay', metrics, subjects: { 'native-relay': rate(1.5), ...haproxy } }],
    })
    expect(describeMisses(row({ haproxy: rate(2) }) as Results)).toEqual([
      'tcp/relay native-relay: rate is 0.750 of haproxy; the goal is ≥ 0.8',
    ])
    expect(describeMisses(row({ haproxy: rate(1) }) as Results)).toEqual([])
    expect(describeMisses(row({}) as Results)).toEqual([])
  })

  it.each([
    ['tcp/rr', 0.9, ['tcp/rr callbacks: rate is 0.900 of raw; the goal is ≥ 0.97']],
    ['tcp/rr', 0.97, []],
    ['tcp/idle', 1.3, ['tcp/idle callbacks: memory is 1.300 of raw; the goal is ≤ 1.25']],
    ['tcp/idle', 1.25, []],
  ])('describeMisses() of %s with a ratio of %d is %j', (row, ratio, misses) => {
    expect(describeMisses(withRatio(row, ratio))).toEqual(misses)
  })
})

import { describe, expect, it } from '@jest/globals'
import { describeMisses } from '../dist/goals.js'
import type { Results } from '../dist/results.js'

/** @param ratios of subjects to raw, of the main figure of a row */
function missesOf(name: string, ratios: Record<string, number>): string[] {
  const [figure, better] = name === 'tcp/idle' ? ['memory', 'less'] : ['rate', 'more']
  const results = Object.entries(ratios).map(([subject, median]) => [
    subject,
    { metrics: { [figure]: { ratio: { median } } } },
  ])
  const row = { name, metrics: [{ name: figure, better }], subjects: Object.fromEntries(results) as object }
  return describeMisses({ rows: [row] } as unknown as Results)
}

describe('describeMisses()', () => {
  it.each([
    ['tcp/rr', { callbacks: 0.9 }, ['callbacks: rate is 0.900 of raw; the goal is ≥ 0.97']],
    ['tcp/rr', { callbacks: 0.97 }, []],
    ['tcp/idle', { callbacks: 1.3 }, ['callbacks: memory is 1.300 of raw; the goal is ≤ 1.25']],
    ['tcp/idle', { callbacks: 1.25 }, []],
    [
      'tcp/relay',
      { 'native-relay': 3, haproxy: 4 },
      ['native-relay: rate is 0.750 of haproxy; the goal is ≥ 0.8'],
    ],
    ['tcp/relay', { 'native-relay': 3, haproxy: 2 }, []],
    ['tcp/relay', { 'native-relay': 0.5 }, []],
  ])('describeMisses() of %s with %j is %j', (row, ratios, misses) => {
    expect(missesOf(row, ratios)).toEqual(misses.map((miss) => `${row} ${miss}`))
  })
})

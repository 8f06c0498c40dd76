import { describe, expect, it } from '@jest/globals'
import { describeMisses } from '../dist/goals.js'
import type { Results } from '../dist/results.js'

/** @param ratios of subjects to raw, of the main figure of a row */
function missesOf(name: string, figure: string, better: string, ratios: Record<string, number>): string[] {
  const results = Object.entries(ratios).map(([subject, median]) => [
    subject,
    { metrics: { [figure]: { ratio: { median } } } },
  ])
  const row = { name, metrics: [{ name: figure, better }], subjects: Object.fromEntries(results) as object }
  return describeMisses({ rows: [row] } as unknown as Results)
}

describe('describeMisses()', () => {
  it.each([
    [0.9, ['tcp/rr callbacks: rate is 0.900 of raw; the goal is ≥ 0.97']],
    [0.97, []],
  ])('describeMisses() of a rate with a ratio of %d is %j', (callbacks, misses) => {
    expect(missesOf('tcp/rr', 'rate', 'more', { callbacks })).toEqual(misses)
  })

  it.each([
    [1.3, ['tcp/idle callbacks: memory is 1.300 of raw; the goal is ≤ 1.25']],
    [1.25, []],
  ])('describeMisses() of memory with a ratio of %d is %j', (callbacks, misses) => {
    expect(missesOf('tcp/idle', 'memory', 'less', { callbacks })).toEqual(misses)
  })

  it.each([
    [2, ['tcp/relay native-relay: rate is 0.750 of haproxy; the goal is ≥ 0.8']],
    [1, []],
  ])('describeMisses() compares a relay of 1.5 with HAProxy of %d: %j', (haproxy, misses) => {
    expect(missesOf('tcp/relay', 'rate', 'more', { 'native-relay': 1.5, haproxy })).toEqual(misses)
  })
})

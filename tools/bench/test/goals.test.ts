import { describe, expect, it } from '@jest/globals'
import { describeMisses } from '../dist/goals.js'
import { PUBLISHED } from '../dist/page.js'
import { readResults, type Results } from '../dist/results.js'

/** The published results of one row, in which callbacks have another ratio. */
function withRatio(row: string, median: number): Results {
  const results = structuredClone(readResults(PUBLISHED.json))
  const rows = results.rows.filter(({ name }) => name === row)
  for (const { metrics, subjects } of rows) {
    Object.assign(subjects['callbacks']?.metrics[metrics[0]?.name ?? ''] ?? {}, { ratio: { median } })
    Reflect.deleteProperty(subjects, 'for-await')
  }
  return { ...results, rows }
}

describe('describeMisses()', () => {
  it.each([
    ['tcp/rr', 0.9, 'tcp/rr callbacks: rate is 0.900 of raw; the goal is at least 0.97'],
    ['tcp/idle', 1.3, 'tcp/idle callbacks: memory is 1.300 of raw; the goal is at most 1.25'],
  ])('describeMisses() names a figure of %s that misses its goal', (row, ratio, sentence) => {
    expect(describeMisses(withRatio(row, ratio))).toEqual([sentence])
  })

  it.each([
    ['tcp/rr', 0.97],
    ['tcp/idle', 1.25],
  ])('describeMisses() has nothing to say of a figure of %s that meets its goal', (row, ratio) => {
    expect(describeMisses(withRatio(row, ratio))).toEqual([])
  })
})

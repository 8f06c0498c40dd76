import { describe, expect, it } from '@jest/globals'
import { summarize } from '../dist/results.js'
import { perUnit, type Round } from '../dist/figures.js'

const round = (count: number, cpuSeconds: number): Round =>
  ({ count, bytes: 0, seconds: 2, cpuSeconds, lost: 0 }) as unknown as Round

describe('summarize()', () => {
  it('summarize() compares each round of a subject with that of raw', () => {
    const raw = [round(400, 1), round(30, 3)]
    const slow = summarize(perUnit('request'), [round(200, 1), round(90, 9)], raw)
    expect(slow.metrics['rate']?.median).toBe((100 + 45) / 2)
    // A half and three times as many requests; two times and once the CPU time for each.
    expect(slow.metrics['rate']?.ratio?.median).toBe((0.5 + 3) / 2)
    expect(slow.metrics['cpu']?.ratio?.median).toBe((2 + 1) / 2)
  })
})

import { describe, expect, it } from '@jest/globals'
import type { Round } from '../dist/figures.js'
import { summarize } from '../dist/results.js'
import { chooseRows, type RowPlan } from '../dist/rows.js'

const round = (count: number, cpuSeconds: number): Round =>
  ({ count, bytes: 0, seconds: 2, cpuSeconds, lost: 0 }) as unknown as Round

describe('summarize()', () => {
  it('summarize() compares each round of a subject with that of raw', () => {
    const rounds = { raw: [round(400, 1), round(30, 3)], slow: [round(200, 1), round(90, 9), round(1, 1)] }
    const { subjects } = summarize(chooseRows('tcp/rr')[0] as RowPlan, new Map(Object.entries(rounds)))
    expect(subjects['raw']?.metrics['rate']?.median).toBe((200 + 15) / 2)
    // A half and three times as many requests; two times and once the CPU time for each.
    expect(subjects['slow']?.metrics['rate']?.ratio?.median).toBe((0.5 + 3) / 2)
    expect(subjects['slow']?.metrics['cpu']?.ratio?.median).toBe((2 + 1) / 2)
  })
})

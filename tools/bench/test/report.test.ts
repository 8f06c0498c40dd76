import { describe, expect, it } from '@jest/globals'
import { perUnit } from '../dist/figures.js'
import { cellsOf } from '../dist/report.js'
import type { Row } from '../dist/results.js'

const subject = (busy: number, ratio?: number): object => {
  const result = { median: 1000, ...(ratio === undefined ? {} : { ratio: { median: ratio } }) }
  return { metrics: { rate: result, cpu: result }, busy, lost: 0 }
}

describe('cellsOf()', () => {
  it('cellsOf() marks the rates with which the generator was busy, and no other figure', () => {
    const subjects = { raw: subject(0.5), callbacks: subject(0.85, 1.5), floor: subject(0.95, 2) }
    const row = { name: 'tcp/rr', about: '', metrics: perUnit('request'), subjects } as unknown as Row
    expect(cellsOf(row, ['callbacks', 'floor'], 2, '†')).toEqual([
      ['tcp/rr', 'rate', '1,000 request/s', '1.50', '2.00†'],
      ['', 'cpu', '1,000 µs/request', '1.50', '2.00'],
    ])
  })
})

import { describe, expect, it } from '@jest/globals'
import { estimate, percentile, ratios } from '../src/statistics.js'
import { inTurn } from '../src/measure.js'

describe('estimate()', () => {
  it('takes the middle, whatever the order', () => {
    expect(estimate([9, 1, 5]).median).toBe(5)
    expect(estimate([4, 1, 3, 2]).median).toBe(2.5)
  })

  it('gives the range of five values: 1 - 2/2^5 is 0.9375', () => {
    expect(estimate([3, 1, 2, 5, 4])).toEqual({ median: 3, interval: { low: 1, high: 5 } })
  })

  // Tables of the sign test: of 10 values, the 2nd to the 9th hold the median with 97.9 %, the 3rd to the 8th with 89.1 %.
  it('leaves out the outermost of ten values', () => {
    expect(estimate([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toEqual({ median: 5.5, interval: { low: 2, high: 9 } })
  })

  // Of 20 values, the 6th to the 15th hold it with 95.9 %, the 7th to the 14th with 88.5 %.
  it('leaves out five on each side of twenty', () => {
    const values = Array.from({ length: 20 }, (_, index) => index + 1)
    expect(estimate(values)).toEqual({ median: 10.5, interval: { low: 6, high: 15 } })
  })

  // Student's t: the mean of 9, 10 and 11 is known to 2.920 × 1 / √3, that of 10 and 12 to 6.314 × √2 / √2.
  it('takes few values to be distributed normally', () => {
    const three = estimate([11, 9, 10])
    expect(three.median).toBe(10)
    expect(three.interval?.low).toBeCloseTo(10 - 1.686, 3)
    expect(three.interval?.high).toBeCloseTo(10 + 1.686, 3)
    expect(estimate([10, 12]).interval?.high).toBeCloseTo(11 + 6.314, 3)
  })

  it('goes not below zero', () => {
    expect(estimate([1, 3]).interval?.low).toBe(0)
  })

  it('knows no interval of one value', () => {
    expect(estimate([7])).toEqual({ median: 7, interval: undefined })
  })
})

describe('ratios()', () => {
  it('pairs values of the same round', () => {
    expect(ratios([2, 9], [4, 3])).toEqual([0.5, 3])
  })
})

describe('percentile()', () => {
  it('takes the nearest rank', () => {
    const values = Array.from({ length: 1000 }, (_, index) => index + 1)
    expect([0.5, 0.99, 0.999].map((share) => percentile(values, share))).toEqual([500, 990, 999])
  })
})

describe('inTurn()', () => {
  it('lets each be first, and each come after another one', () => {
    const rounds = Array.from({ length: 6 }, (_, round) => inTurn(['a', 'b', 'c'], round).join(''))
    expect(rounds).toEqual(['abc', 'bca', 'cab', 'cba', 'acb', 'bac'])
  })
})

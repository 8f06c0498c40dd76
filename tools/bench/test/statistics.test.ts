import { describe, expect, it } from '@jest/globals'
import { estimate } from '../src/statistics.js'
import { inTurn } from '../src/measure.js'

describe('estimate()', () => {
  it('estimate() takes the middle, whatever the order', () => {
    expect(estimate([9, 1, 5]).median).toBe(5)
    expect(estimate([4, 1, 3, 2]).median).toBe(2.5)
  })

  // Tables of the sign test: 5 values hold the median with 1 - 2/2^5 = 93.8 %; of 10, the 2nd to the 9th with 97.9 %, the 3rd
  // to the 8th with 89.1 %; of 20, the 6th to the 15th with 95.9 %, the 7th to the 14th with 88.5 %.
  it.each([
    [5, 1, 5],
    [10, 2, 9],
    [20, 6, 15],
  ])('estimate() of 1 to %d holds the median between %d and %d', (count, low, high) => {
    const values = Array.from({ length: count }, (_, index) => count - index)
    expect(estimate(values)).toEqual({ median: (count + 1) / 2, interval: { low, high } })
  })

  it('estimate() of few values reaches from the least to the most, of one it has no interval', () => {
    expect(estimate([11, 9, 10])).toEqual({ median: 10, interval: { low: 9, high: 11 } })
    expect(estimate([7])).toEqual({ median: 7, interval: undefined })
  })
})

describe('inTurn()', () => {
  it('lets each be first, and each come after another one', () => {
    const rounds = Array.from({ length: 6 }, (_, round) => inTurn(['a', 'b', 'c'], round).join(''))
    expect(rounds).toEqual(['abc', 'bca', 'cab', 'cba', 'acb', 'bac'])
  })
})

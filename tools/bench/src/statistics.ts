import { binomialDistribution, median } from 'simple-statistics'

/** The median of some values, and its interval. */
export interface Estimate {
  readonly median: number
  /** Contains the true median with a probability of {@link CONFIDENCE}, with fewer than five values of less. Undefined for one. */
  readonly interval?: { readonly low: number; readonly high: number } | undefined
}

/** Five rounds reach this with the sign test: 1 − 2 × (1/2)⁵ = 0.9375. Of fewer, the interval reaches from the least to the most. */
const CONFIDENCE = 0.9

/** @param values at least one */
export function estimate(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b)
  // The k-th smallest and the k-th largest value contain the true median, unless fewer than k values are on one side of
  // it. This assumes nothing about the distribution.
  const rank = intervalRank(sorted.length)
  const interval = { low: sorted[rank] as number, high: sorted.at(-1 - rank) as number }
  return { median: median(sorted), interval: sorted.length > 1 ? interval : undefined }
}

/** Returns the largest index k for which the interval from k to n - 1 - k reaches the confidence; 0 if none does. */
function intervalRank(count: number): number {
  let tail = 0
  const tooMany = (binomialDistribution(count, 0.5) ?? []).findIndex((probability) => {
    tail += probability
    return 1 - 2 * tail < CONFIDENCE
  })
  return Math.max(0, tooMany - 1)
}

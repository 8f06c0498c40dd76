import { binomialDistribution, median } from 'simple-statistics'

/** The middle of some values, and how sure it is. */
export interface Estimate {
  readonly median: number
  /** Bounds of an interval that holds the true median with a probability of {@link CONFIDENCE}, or as near as so few values allow. */
  readonly low: number
  readonly high: number
}

/** What five rounds can give: 1 − 2 × (1/2)⁵ = 0.9375. */
const CONFIDENCE = 0.9

/**
 * The interval of the sign test: between the k-th smallest and the k-th largest value, which holds the true median unless
 * fewer than k values fall on one side of it. It supposes nothing about how the values are distributed.
 */
export function estimate(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = intervalRank(sorted.length)
  return {
    median: median(sorted),
    low: sorted[rank] as number,
    high: sorted[sorted.length - 1 - rank] as number,
  }
}

/** The largest index k for which the interval from k to n - 1 - k is confident enough; 0 when none is. */
function intervalRank(count: number): number {
  const probabilities = binomialDistribution(count, 0.5) ?? []
  let rank = 0
  let tail = probabilities[0] as number
  while (2 * (rank + 1) < count) {
    tail += probabilities[rank + 1] as number
    if (1 - 2 * tail < CONFIDENCE) break
    rank += 1
  }
  return rank
}

/** Of pairs measured in the same round, so that what slowed down both does not count. */
export function ratios(values: readonly number[], control: readonly number[]): number[] {
  return values.map((value, round) => value / (control[round] as number))
}

/** @param sorted ascending @param share 0 to 1 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

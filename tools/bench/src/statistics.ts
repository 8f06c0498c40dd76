import { binomialDistribution, mean, median, sampleStandardDeviation } from 'simple-statistics'

/** The middle of some values, and how sure it is. */
export interface Estimate {
  readonly median: number
  /** What holds the true median with a probability of {@link CONFIDENCE}; one value says nothing of that. */
  readonly interval?: Interval | undefined
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** What five rounds can give by the sign test: 1 − 2 × (1/2)⁵ = 0.9375. */
const CONFIDENCE = 0.9
/** Of Student's t distribution with 1, 2 and 3 degrees of freedom: 90 % lie between the negative and this. */
const STUDENT_T = [6.314, 2.92, 2.353]

/** @param values at least one, none of them negative */
export function estimate(values: readonly number[]): Estimate {
  return { median: median([...values]), interval: values.length > 1 ? intervalOf(values) : undefined }
}

function intervalOf(values: readonly number[]): Interval {
  const t = STUDENT_T[values.length - 2]
  return t === undefined ? signTestInterval(values) : studentInterval(values, t)
}

/** Of few values, taken to be distributed normally. */
function studentInterval(values: readonly number[], t: number): Interval {
  const reach = (t * sampleStandardDeviation([...values])) / Math.sqrt(values.length)
  return { low: Math.max(0, mean([...values]) - reach), high: mean([...values]) + reach }
}

/**
 * Between the k-th smallest and the k-th largest value, which holds the true median unless fewer than k values fall on one
 * side of it. It supposes nothing about how the values are distributed.
 */
function signTestInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = intervalRank(sorted.length)
  return { low: sorted[rank] as number, high: sorted[sorted.length - 1 - rank] as number }
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

import { binomialDistribution, mean, median, sampleStandardDeviation } from 'simple-statistics'

/** The median of some values, and its interval. */
export interface Estimate {
  readonly median: number
  /** Contains the true median with a probability of {@link CONFIDENCE}. Undefined for a single value. */
  readonly interval?: Interval | undefined
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Five rounds reach this with the sign test: 1 − 2 × (1/2)⁵ = 0.9375. */
const CONFIDENCE = 0.9
/** Student's t with 1, 2 and 3 degrees of freedom: 90 % of the values lie between −t and t. */
const STUDENT_T = [6.314, 2.92, 2.353]

/** @param values at least one, none of them negative */
export function estimate(values: readonly number[]): Estimate {
  return { median: median([...values]), interval: values.length > 1 ? intervalOf(values) : undefined }
}

function intervalOf(values: readonly number[]): Interval {
  const t = STUDENT_T[values.length - 2]
  return t === undefined ? signTestInterval(values) : studentInterval(values, t)
}

/** Returns the interval of few values, assuming a normal distribution. */
function studentInterval(values: readonly number[], t: number): Interval {
  const reach = (t * sampleStandardDeviation([...values])) / Math.sqrt(values.length)
  return { low: Math.max(0, mean([...values]) - reach), high: mean([...values]) + reach }
}

/**
 * Returns the k-th smallest and the k-th largest value. They contain the true median, unless fewer than k values are on one
 * side of it. It assumes nothing about the distribution of the values.
 */
function signTestInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = intervalRank(sorted.length)
  return { low: sorted[rank] as number, high: sorted[sorted.length - 1 - rank] as number }
}

/** Returns the largest index k for which the interval from k to n - 1 - k reaches the confidence; 0 if none does. */
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

/** Returns the ratios of pairs from the same round, so that a disturbance of both does not count. */
export function ratios(values: readonly number[], control: readonly number[]): number[] {
  return values.map((value, round) => value / (control[round] as number))
}

/** @param sorted ascending @param share 0 to 1 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

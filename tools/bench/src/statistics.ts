import { binomialDistribution, mean, median, sampleStandardDeviation } from 'simple-statistics'

/** The median of some values, and its interval. */
export interface Estimate {
  readonly median: number
  /** Contains the true median with a probability of {@link CONFIDENCE}. Undefined for a single value. */
  readonly interval?: { readonly low: number; readonly high: number } | undefined
}

/** Five rounds reach this with the sign test: 1 − 2 × (1/2)⁵ = 0.9375. */
const CONFIDENCE = 0.9
/** Student's t with 1, 2 and 3 degrees of freedom: 90 % of the values lie between −t and t. */
const STUDENT_T = [6.314, 2.92, 2.353]

/** @param values at least one, none of them negative */
export function estimate(values: readonly number[]): Estimate {
  return { median: median([...values]), interval: values.length > 1 ? intervalOf(values) : undefined }
}

function intervalOf(values: readonly number[]): Estimate['interval'] {
  const sorted = values.toSorted((a, b) => a - b)
  const t = STUDENT_T[sorted.length - 2]
  if (t !== undefined) {
    // Of few values, assuming a normal distribution.
    const reach = (t * sampleStandardDeviation(sorted)) / Math.sqrt(sorted.length)
    return { low: Math.max(0, mean(sorted) - reach), high: mean(sorted) + reach }
  }
  // The k-th smallest and the k-th largest value contain the true median, unless fewer than k values are on one side of
  // it. This assumes nothing about the distribution.
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

import type { Row } from './row.js'

/** By how much a number may grow from the early part of a run to the late one; the larger of both counts. */
export interface BufferLimit {
  /** In bytes. */
  readonly least: number
  /** Of the early median. */
  readonly part: number
}

/** While code is compiled and pools fill, growth says nothing: this part of the samples is left out. */
const WARM_UP = 0.25
/** With less, a median is no median. */
const MIN_SAMPLES = 5

/** Compares the medians of the early and the late half of the samples, after the warm-up. */
export function judgeTrend(name: string, samples: readonly number[], { least, part }: BufferLimit): Row {
  // The first one was taken before anything was done.
  const warm = samples.slice(Math.max(1, Math.ceil(samples.length * WARM_UP)))
  if (warm.length < MIN_SAMPLES) {
    return { name, seen: `${warm.length} samples: too few to judge`, problems: [] }
  }
  const half = Math.floor(warm.length / 2)
  const early = median(warm.slice(0, half))
  const late = median(warm.slice(-half))
  const allowed = Math.max(least, early * part)
  const growth = late - early
  return {
    name,
    seen: `${megabytes(early)} early, ${megabytes(late)} late`,
    problems:
      growth <= allowed ? [] : [`grew by ${megabytes(growth)}, ${megabytes(allowed)} would be normal`],
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

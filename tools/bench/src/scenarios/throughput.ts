import type { Metric, Observed, Sample } from './scenario.js'

export const MIB = 1024 * 1024
const MICROSECONDS = 1e6

/** How many per second, and what each costs the server. */
export function rateMetrics(unit: string): readonly Metric[] {
  return [
    { name: 'rate', unit: `${unit}/s`, better: 'more' },
    { name: 'cpu', unit: `µs/${unit}`, better: 'less' },
  ]
}

export function sampleRate({ counts, cpuSeconds }: Observed): Sample {
  return { rate: counts.count / counts.seconds, cpu: (cpuSeconds * MICROSECONDS) / counts.count }
}

/** How many bytes per second, and what a MiB costs the server. */
export const byteMetrics: readonly Metric[] = [
  { name: 'rate', unit: 'MiB/s', better: 'more' },
  { name: 'cpu', unit: 'µs/MiB', better: 'less' },
]

export function sampleBytes({ counts, cpuSeconds }: Observed): Sample {
  const mebibytes = counts.bytes / MIB
  return { rate: mebibytes / counts.seconds, cpu: (cpuSeconds * MICROSECONDS) / mebibytes }
}

import type { Certificate } from '@sock/tools/certificate'
import { isStream, type TransportName } from '@sock/tools/transports'
import type { Memory } from '../server.js'
import type { Place } from '../subjects/subject.js'
import type { Report, WorkloadName } from '../workloads/workload.js'

/** One kind of traffic. It is described in the parent, and `load` runs in the process of the load generator. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly transports: readonly TransportName[]
  /** Default: `echo`. */
  readonly workload?: WorkloadName
  /** The figures of a round; the first one is the main figure of the row. */
  readonly metrics: readonly Metric[]
  /** Whether each round needs a new server, because memory that has grown does not shrink. */
  readonly isFresh?: boolean
  /** Whether the server is drained at the mark `drain`. */
  readonly isDrained?: boolean
  /** Whether the generator sends at a fixed pace, so that its load does not matter. */
  readonly isPaced?: boolean
  /** The maximum of rounds, for scenarios that take long whatever `--seconds` says. */
  readonly mostRounds?: number
  load(load: Load): Promise<Counts>
  /** Computes the figures of one round. */
  sample(observed: Observed): Sample
}

export interface Metric {
  readonly name: string
  readonly unit: string
  readonly better: 'more' | 'less'
}

/** The figures by name. */
export type Sample = Record<string, number>

export interface Load {
  readonly transport: TransportName
  readonly place: Place
  readonly certificate: Certificate
  /** The generator's folder for sockets that need a name. */
  readonly folder: string
  readonly milliseconds: number
  /** The number of idle connections to open. */
  readonly connections: number
  /** The most connections that the limit of file descriptors allows. */
  readonly mostConnections: number
  /** Messages per second, in scenarios with a fixed pace. */
  readonly pace: number
  /** Lets the parent read figures: CPU time at `begin` and `end`, memory at `before` and `after`; or starts `drain`. */
  mark(name: MarkName): Promise<void>
}

export type MarkName = 'begin' | 'end' | 'before' | 'after' | 'drain'

/** The counts of the generator. */
export interface Counts {
  /** The number of answered (or, one way, sent) requests, chunks, datagrams or connections. */
  readonly count: number
  readonly bytes: number
  readonly seconds: number
  /** The number of datagrams without an answer. */
  readonly lost: number
  /** Latencies in ms, sorted. */
  readonly latencies?: Float64Array
  /** The number of concurrent connections. */
  readonly connections?: number
}

/** One round, as seen from outside the server. */
export interface Observed {
  readonly counts: Counts
  /** CPU time of the server, from `begin` to `end`. */
  readonly cpuSeconds: number
  readonly report: Report
  readonly before?: Memory
  readonly after?: Memory
  readonly drainMilliseconds?: number
}

/** Runs `act` until the deadline or the first failure. @returns the time in seconds */
export async function measured(
  load: Load,
  failure: Promise<never>,
  act: (deadline: number) => Promise<unknown>,
): Promise<number> {
  await load.mark('begin')
  const since = performance.now()
  await Promise.race([act(since + load.milliseconds), failure])
  const seconds = (performance.now() - since) / 1000
  await load.mark('end')
  return seconds
}

/** Returns a promise for `Promise.race`, and a function that rejects it when anything in a round fails. */
export function createFailure(): { fail: (error: Error) => void; failure: Promise<never> } {
  let fail: (error: Error) => void = () => undefined
  const failure = new Promise<never>((_, reject) => (fail = reject))
  failure.catch(() => undefined)
  return { fail, failure }
}

/** After this many ms an answer counts as lost. A datagram may be lost; on a stream, this fails the row. */
export const patienceOf = ({ transport }: Load): number => (isStream(transport) ? 5000 : 250)

export const MIB = 1024 * 1024
const MICROSECONDS = 1e6

/** The number per second, and the server's CPU time for each. */
export const rateMetrics = (unit: string): readonly Metric[] => [
  { name: 'rate', unit: `${unit}/s`, better: 'more' },
  { name: 'cpu', unit: `µs/${unit}`, better: 'less' },
]

export const sampleRate = ({ counts, cpuSeconds }: Observed): Sample => ({
  rate: counts.count / counts.seconds,
  cpu: (cpuSeconds * MICROSECONDS) / counts.count,
})

/** The bytes per second, and the server's CPU time per MiB. */
export const byteMetrics: readonly Metric[] = [
  { name: 'rate', unit: 'MiB/s', better: 'more' },
  { name: 'cpu', unit: 'µs/MiB', better: 'less' },
]

export function sampleBytes({ counts, cpuSeconds }: Observed): Sample {
  const mebibytes = counts.bytes / MIB
  return { rate: mebibytes / counts.seconds, cpu: (cpuSeconds * MICROSECONDS) / mebibytes }
}

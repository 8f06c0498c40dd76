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
  /** What a round yields; the first one stands for the row. */
  readonly metrics: readonly Metric[]
  /** Whether each round needs a server that has just been started, as a memory that has grown stays grown. */
  readonly isFresh?: boolean
  /** Whether the server is drained at the mark `drain`. */
  readonly isDrained?: boolean
  /** Whether the generator keeps a pace, so that how busy it is says nothing. */
  readonly isPaced?: boolean
  /** Rounds at most, for what takes long whatever `--seconds` says. */
  readonly mostRounds?: number
  load(load: Load): Promise<Counts>
  /** What one round says. */
  sample(observed: Observed): Sample
}

export interface Metric {
  readonly name: string
  readonly unit: string
  readonly better: 'more' | 'less'
}

/** Values by the name of the metric. */
export type Sample = Record<string, number>

export interface Load {
  readonly transport: TransportName
  readonly place: Place
  readonly certificate: Certificate
  /** Of the generator's own, for sockets that need a name. */
  readonly folder: string
  readonly milliseconds: number
  /** Idle ones that are wanted. */
  readonly connections: number
  /** What the limit of descriptors gives. */
  readonly mostConnections: number
  /** Messages per second, where a scenario keeps a pace. */
  readonly pace: number
  /** Lets the parent look: `begin` and `end` of what is measured, `before` and `after` memory, `drain`. */
  mark(name: MarkName): Promise<void>
}

export type MarkName = 'begin' | 'end' | 'before' | 'after' | 'drain'

/** What the generator counted. */
export interface Counts {
  /** Requests, chunks, datagrams or connections that were answered or, one way, sent. */
  readonly count: number
  readonly bytes: number
  readonly seconds: number
  /** Datagrams that were not answered. */
  readonly lost: number
  /** Of latency: ms, sorted. */
  readonly latencies?: Float64Array
  /** Connections that were open at once. */
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

/** Measures what `act` does until the deadline, unless something fails first. @returns how long it took, in seconds */
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

/** What goes wrong anywhere in a round, as a promise that rejects; it is meant for `Promise.race`. */
export function createFailure(): { fail: (error: Error) => void; failure: Promise<never> } {
  let fail: (error: Error) => void = () => undefined
  const failure = new Promise<never>((_, reject) => (fail = reject))
  failure.catch(() => undefined)
  return { fail, failure }
}

/** After how long, in ms, an answer is taken for lost: datagrams may be; over a stream it is the end of the row. */
export const patienceOf = ({ transport }: Load): number => (isStream(transport) ? 5000 : 250)

export const MIB = 1024 * 1024
const MICROSECONDS = 1e6

/** How many per second, and what each costs the server. */
export const rateMetrics = (unit: string): readonly Metric[] => [
  { name: 'rate', unit: `${unit}/s`, better: 'more' },
  { name: 'cpu', unit: `µs/${unit}`, better: 'less' },
]

export const sampleRate = ({ counts, cpuSeconds }: Observed): Sample => ({
  rate: counts.count / counts.seconds,
  cpu: (cpuSeconds * MICROSECONDS) / counts.count,
})

/** How many bytes per second, and what a MiB costs the server. */
export const byteMetrics: readonly Metric[] = [
  { name: 'rate', unit: 'MiB/s', better: 'more' },
  { name: 'cpu', unit: 'µs/MiB', better: 'less' },
]

export function sampleBytes({ counts, cpuSeconds }: Observed): Sample {
  const mebibytes = counts.bytes / MIB
  return { rate: mebibytes / counts.seconds, cpu: (cpuSeconds * MICROSECONDS) / mebibytes }
}

import type { GeneratorName } from '../native.js'
import type { Certificate, Place, Transport } from '../transports.js'
import type { Memory } from '../server.js'
import type { Report, WorkloadName } from '../workloads/workload.js'

/** One kind of traffic. It is described in the parent, and `load` runs in the process of the load generator. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly transports: readonly Transport[]
  readonly workload: WorkloadName
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
  readonly transport: Transport
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
  /** What moves the bytes, but those of TLS. */
  readonly generator: GeneratorName
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

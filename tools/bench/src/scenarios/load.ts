import type { Certificate } from '@sock/tools/certificate'
import type { TransportName } from '@sock/tools/transports'
import type { Place } from '../subjects/subject.js'

/** A round, as the load generator is told to play it. */
export interface Load {
  readonly transport: TransportName
  readonly place: Place
  readonly certificate: Certificate
  /** The generator's folder for sockets that need a name. */
  readonly folder: string
  readonly milliseconds: number
  /** The number of idle connections to open. */
  readonly connections: number
  /** Messages per second, in scenarios with a fixed pace. */
  readonly pace: number
  /** Lets the parent read figures before the load goes on. */
  readonly mark: (name: Mark) => Promise<void>
  /** Ends the round with an error. */
  readonly fail: (error: Error) => void
}

/** CPU time and memory are read twice: before and after. `drain` lets the server shut down. */
type Mark = 'cpu' | 'memory' | 'drain'

/** What the generator has counted. */
export interface Counts {
  /** The number of answered (or, one way, sent) requests, chunks, datagrams or connections. */
  readonly count: number
  readonly bytes: number
  readonly seconds: number
  /** The number of datagrams without an answer. Default: 0. */
  readonly lost?: number
  /** Latencies in ms, sorted. */
  readonly latencies?: number[]
  /** The number of concurrent connections, in scenarios about that. */
  readonly connections?: number
}

/** Runs `act` until the deadline. @returns the time in seconds */
export async function measured(load: Load, act: (deadline: number) => Promise<unknown>): Promise<number> {
  await load.mark('cpu')
  const since = performance.now()
  await act(since + load.milliseconds)
  const seconds = (performance.now() - since) / 1000
  await load.mark('cpu')
  return seconds
}

/** Calls `make` with 0 to `count` - 1, all at once. */
export function together<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)))
}

import type { Certificate, Place, Transport } from '../transports.js'
import type { Workload } from '../workloads/workload.js'

/** The name of what all others are compared with. */
export const CONTROL = 'raw'

/** A way to write a server, which is put under test. */
export interface Subject {
  readonly name: string
  readonly about: string
  readonly transports: readonly Transport[]
  /** Measured only when asked for by its name, or with all. */
  readonly isExtra?: boolean
  start(setup: Setup): Promise<Running>
}

export interface Setup {
  readonly transport: Transport
  /** Where a transport with paths listens; the others take a free port of 127.0.0.1. */
  readonly path: string
  readonly certificate: Certificate
  readonly workload: Workload
  /** Whether the server is going to be drained: a raw one has to keep track of its connections for that. */
  readonly isDrained: boolean
}

export interface Running {
  readonly place: Place
  /** Stops listening, ends every connection, and waits until all are closed. */
  drain(): Promise<void>
}

import { echo } from './echo.js'
import { createDatagramSink, createStreamSink } from './sink.js'
import { isDatagram, type Transport } from '../transports.js'

/** What a server does with what it gets; the same code for all subjects. */
export interface Workload {
  /** For each connection; for a datagram socket once. */
  open(): Session
  /** What was counted since the last report. */
  report(): Report
}

export interface Session {
  /** @returns what is to be sent in answer, if anything */
  received(chunk: Buffer): Buffer | undefined
}

export interface Report {
  /** Datagrams; 0 for streams. */
  readonly messages: number
  readonly bytes: number
  /** What was received and is wrong, as sentences. */
  readonly faults: readonly string[]
}

export type WorkloadName = 'echo' | 'sink'

export function createWorkload(name: WorkloadName, transport: Transport): Workload {
  if (name === 'echo') return echo
  return isDatagram(transport) ? createDatagramSink() : createStreamSink()
}

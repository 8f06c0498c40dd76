import type { Address } from '@sock/core'
import type { ClientRecord } from './messages.js'
import type { Random } from './random.js'
import type { ClientMeans, DatagramName, StreamName, TransportName } from './transports.js'

/** What everything that makes a session needs. */
export interface Load extends ClientMeans {
  readonly random: Random
  /** Aborts when sessions that have no end of their own must come to one. */
  readonly stop: AbortSignal
  place(name: TransportName): Address | undefined
  nextSession(): number
  report(record: Omit<ClientRecord, 'side'>): void
  count(what: string): void
  /** To be called before each attempt to connect to a stream server. */
  connecting(name: StreamName): void
  garbled(text: string): void
}

export type StreamAct = (load: Load, name: StreamName, place: Address) => Promise<void>
export type DatagramAct = (load: Load, name: DatagramName, place: Address) => Promise<void>

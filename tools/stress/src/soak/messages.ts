import type { Address, DatagramServerStats, StreamServerStats, ShutdownReport } from '@sock/core'
import type { Certificate } from './certificates.js'
import type { EngineName } from './engines.js'
import type { Role } from './options.js'
import type { Sample } from './sample.js'
import type { TransportName } from './transports.js'

/** What a child needs to know to begin. */
export interface Setup {
  readonly role: Role
  readonly seed: number
  readonly only: readonly TransportName[]
  readonly folder: string
  readonly engine: EngineName
  readonly certificates: readonly Certificate[]
  /** What to do wrong on purpose. */
  readonly broken: Broken | undefined
}

/** Mistakes that a run can be told to make, to see that the verdict finds them. */
export const BROKEN = ['descriptors', 'heap', 'byte', 'order'] as const
export type Broken = (typeof BROKEN)[number]

/** Where servers are now. They change it when they are started again. */
export type Places = Partial<Record<TransportName, Address>>

/** What a client knows about a session when it is over. Bytes are those of payloads. */
export interface ClientRecord {
  readonly side: 'client'
  readonly transport: TransportName
  readonly session: number
  /** Given to writes that resolved. */
  readonly sent: number
  /** Of those, what the handler has acknowledged. */
  readonly acknowledged: number
  readonly received: number
  /** Whether it behaved, and read everything to the end. */
  readonly polite: boolean
  /**
   * `clean`: everything was asked, and the answer ended with the end of input; `early`: it ended before everything was
   * asked; `cut`: within a frame; `broken`: by an error.
   */
  readonly end: 'clean' | 'early' | 'cut' | 'broken'
}

/** What the server's handler knows about a session when it is over; of datagrams, what is new since the last time. */
export interface ServerRecord {
  readonly side: 'server'
  readonly transport: TransportName
  readonly session: number
  readonly delivered: number
  /** Given to writes that resolved. */
  readonly written: number
  /**
   * `flushed`: the connection was closed in good order, as far as the library says; `cut`: the same, but the server was
   * shutting down and took no more input; `forced`: it was destroyed by a shutdown; `failed`: anything else; `open`:
   * datagrams do not end.
   */
  readonly end: 'flushed' | 'cut' | 'forced' | 'failed' | 'open'
}

export type SessionRecord = ClientRecord | ServerRecord

/** One server's numbers at its end, from itself and from those who have observed it. */
export interface StreamTally {
  readonly kind: 'stream'
  readonly transport: TransportName
  readonly stats: StreamServerStats
  /** Seen by observers of connections. */
  readonly opened: number
  readonly closed: number
  readonly reasons: Readonly<Record<string, number>>
  /** Handlers that have thrown. */
  readonly thrown: number
  /** Sums over all shutdowns; `members`: who was open when they began, or came while they lasted. */
  readonly shutdowns: { readonly count: number; readonly members: number; readonly report: ShutdownReport }
}

export interface DatagramTally {
  readonly kind: 'datagram'
  readonly transport: TransportName
  readonly stats: DatagramServerStats
  /** Datagrams the handler was given. */
  readonly handled: number
  /** Replies whose promise resolved, and those whose promise rejected. */
  readonly replied: number
  readonly refused: number
  readonly thrown: number
  readonly shutdowns: number
}

export type Tally = StreamTally | DatagramTally

/** How many connections and faults a load has made, by name. */
export type Counts = Readonly<Record<string, number>>

/** How often clients have tried to connect. */
export type Connects = Readonly<Partial<Record<TransportName, number>>>

/** What the parent asks a child. Each is answered once. */
export type Question =
  | { readonly ask: 'begin'; readonly setup: Setup }
  | { readonly ask: 'sample' }
  /** Begin or go on: with sessions, with restarts. */
  | { readonly ask: 'resume' }
  /** End what is under way, and answer when nothing is. */
  | { readonly ask: 'pause' }
  /** Stop for good, and leave. */
  | { readonly ask: 'finish' }

export interface Answer {
  readonly sample?: Sample
  readonly tallies?: readonly Tally[]
  readonly counts?: Counts
  readonly connects?: Connects
}

/** What a child says unasked. */
export type News =
  | { readonly news: 'records'; readonly records: readonly SessionRecord[] }
  | { readonly news: 'places'; readonly places: Places }
  /** Something that must not happen has happened. */
  | { readonly news: 'finding'; readonly check: Check; readonly text: string }

/** What a finding is about. */
export type Check = 'order' | 'content' | 'restarts' | 'processes' | 'counters' | 'reports'

/** What the parent says without expecting an answer. */
export type Notice =
  { readonly tell: 'places'; readonly places: Places } | { readonly tell: 'pace'; readonly pace: number }

import type { Certificate } from '@sock/tools/certificate'
import type { Folder } from '@sock/tools/folder'
import { isStream, type TransportName } from '@sock/tools/transports'
import type { Client } from '../clients.js'
import type { Server } from '../measure.js'
import { cpuSeconds } from '../machine.js'
import type { Memory } from '../server.js'

/** A round to play. */
export interface Load {
  readonly transport: TransportName
  readonly server: Server
  readonly certificate: Certificate
  /** The folder for sockets that need a name. */
  readonly folder: Folder
  readonly milliseconds: number
  /** The number of idle connections to open. */
  readonly connections: number
  /** Those that are open. */
  readonly clients: Set<Client>
  /** Ends the round with an error. */
  readonly fail: (error: Error) => void
}

/** What the clients have counted, and what was measured meanwhile. */
export interface Counts {
  /** The number of answered (or, one way, sent) requests, chunks, datagrams or connections. */
  readonly count: number
  readonly bytes: number
  readonly seconds: number
  /** CPU time of the server. */
  readonly cpuSeconds?: number
  /** The share of a core that the generator used. Undefined if it sent at a fixed pace. */
  readonly busy?: number | undefined
  /** The number of datagrams without an answer. Default: 0. */
  readonly lost?: number
  /** Latencies in ms, sorted. */
  readonly latencies?: number[]
  /** The memory of the server before the connections, and with them. */
  readonly memory?: readonly [Memory, Memory]
  /** The number of concurrent connections, in scenarios about that. */
  readonly connections?: number
  /** How long the server took to shut down, in ms. */
  readonly drainTime?: number
}

/** After this many ms an answer counts as lost. A datagram may be lost; on a stream, this fails the row. */
export const patienceOf = ({ transport }: Load): number => (isStream(transport) ? 5000 : 250)

/** Measures what `act` uses until the deadline. */
export async function measured(
  { server, milliseconds }: Load,
  act: (deadline: number) => Promise<unknown>,
): Promise<Required<Pick<Counts, 'seconds' | 'cpuSeconds' | 'busy'>>> {
  const serverBefore = cpuSeconds(server.pid)
  const generatorBefore = cpuSeconds(process.pid)
  const since = performance.now()
  await act(since + milliseconds)
  const seconds = (performance.now() - since) / 1000
  const busy = (cpuSeconds(process.pid) - generatorBefore) / seconds
  return { seconds, cpuSeconds: cpuSeconds(server.pid) - serverBefore, busy }
}

/** Calls `make` with 0 to `count` - 1, all at once. */
export function together<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)))
}

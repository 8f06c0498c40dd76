import type { Connection, Transport } from '../channel/channel.js'
import type { StreamCallbacks } from '../channel/handler.js'
import type { CloseReason, ConnectionState } from '../server/server.js'
import type { BufferLimit } from './buffer-limit.js'
import type { DeadlineHost } from './deadlines.js'
import type { Indexed } from '../channel/indexed-set.js'

/** What connections of one server, or one client, share. */
export interface ConnectionHost extends DeadlineHost {
  readonly transport: Transport
  readonly callbacks: StreamCallbacks | undefined
  readonly highWaterMark: number
  /** Bytes: who writes although so many wait ends the connection. */
  readonly maxWriteBuffer: number
  /** What all connections together may have waiting, if that is bounded. */
  readonly bufferLimit: BufferLimit | undefined
  /** The first of the deadlines that holds from the start, in ms; `Infinity` for none. */
  readonly firstDeadline: number
  /** Whether anybody observes connections. */
  readonly observed: boolean
  observe(connection: Connection, state: ConnectionState, reason?: CloseReason): void
  /** A handler or callback threw. */
  handlerFailed(connection: Connection, error: Error): void
  /** The connection was closed when its handler function returned, and is written to all the same. */
  wroteTooLate(error: Error): void
  /** The connection broke for a reason of its own, which is more than a peer that went away. */
  broke(connection: Connection, error: Error): void
  /** The connection was idle while draining and has been told to end. */
  endedIdle(connection: Connection): void
  /** The descriptor is closed. */
  closed(connection: HostedConnection, reason: CloseReason): void
  /** And nothing of the handler is under way any more. */
  finished(connection: HostedConnection): void
}

/** What a host sees of a connection that it has added to its own. */
export interface HostedConnection extends Indexed {
  readonly connection: Connection
  readonly bytesRead: number
  readonly bytesWritten: number
}

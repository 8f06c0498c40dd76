import type { Transport } from '../channel/channel.js'
import type { StreamCallbacks } from '../channel/handler.js'
import type { CloseReason, ConnectionState } from '../server/server.js'
import type { BufferLimit } from './buffer-limit.js'
import type { StreamConnection } from './connection.js'
import type { DeadlineSettings } from './deadlines.js'
import type { Sweep } from './sweep.js'

/** What connections of one server, or one client, share. */
export interface ConnectionHost {
  readonly transport: Transport
  readonly callbacks: StreamCallbacks | undefined
  readonly highWaterMark: number
  /** Bytes: who writes although so many wait ends the connection. */
  readonly maxWriteBuffer: number
  /** What all connections together may have waiting, if that is bounded. */
  readonly bufferLimit: BufferLimit | undefined
  readonly deadlines: DeadlineSettings
  /** The first of them that holds from the start, in ms; `Infinity` for none. */
  readonly firstDeadline: number
  readonly sweep: Sweep
  /** While draining, after how many quiet ms a connection with nothing in flight is ended. */
  readonly endIdleAfter: number | undefined
  /** Whether anybody observes connections. */
  readonly observed: boolean
  observe(connection: StreamConnection, state: ConnectionState, reason?: CloseReason): void
  /** A handler or callback threw. */
  handlerFailed(connection: StreamConnection, error: Error): void
  /** The connection was closed when its handler function returned, and is written to all the same. */
  wroteTooLate(error: Error): void
  /** The connection broke for a reason of its own, which is more than a peer that went away. */
  broke(connection: StreamConnection, error: Error): void
  /** The connection was idle while draining and has been told to end. */
  endedIdle(connection: StreamConnection): void
  /** The descriptor is closed. */
  closed(connection: StreamConnection, reason: CloseReason): void
  /** And nothing of the handler is under way any more. */
  finished(connection: StreamConnection): void
}

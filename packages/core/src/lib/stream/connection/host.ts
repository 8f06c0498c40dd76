import type { Connection, Transport } from '../../channel/channel.js'
import type { StreamCallbacks } from '../../channel/handler.js'
import type { CloseReason, ConnectionState } from '../../server/server.js'
import type { BufferLimit } from '../server/buffer-limit.js'
import type { Sweep } from '../../async/sweep.js'
import type { DeadlineSettings } from './deadlines.js'
import type { ConnectionRecord } from './record.js'

/** What the connections of one server, or of one client, share. */
export interface ConnectionHost {
  readonly transport: Transport
  readonly callbacks: StreamCallbacks | undefined
  readonly highWaterMark: number
  /** In bytes: a write while more is queued resets the connection. */
  readonly maxWriteBuffer: number
  /** Limits the queued bytes of all connections together, if set. */
  readonly bufferLimit: BufferLimit | undefined
  readonly deadlines: DeadlineSettings
  /** The timer for the deadlines of all its connections. */
  readonly sweep: Sweep
  /** While draining: after how many quiet ms an idle connection is ended. */
  readonly endIdleAfter: number | undefined
  /** The earliest deadline that applies from the start, in ms; `Infinity` for none. */
  readonly firstDeadline: number
  /** Whether connections have observers. */
  readonly observed: boolean
  observe(connection: Connection, state: ConnectionState, reason?: CloseReason): void
  /** A handler or callback threw or rejected. */
  handlerFailed(connection: Connection, error: Error): void
  /** A connection was written to after its handler function had returned, which had closed it. */
  wroteAfterReturn(error: Error): void
  /** The connection broke for a reason other than a disconnected peer. */
  connectionFailed(connection: Connection, error: Error): void
  /** The connection was idle while draining and was told to end. */
  endedIdle(connection: Connection): void
  /** The file descriptor is closed. */
  closed(record: ConnectionRecord, reason: CloseReason): void
  /** The connection is closed and no part of the handler is running any more. */
  settled(record: ConnectionRecord): void
}

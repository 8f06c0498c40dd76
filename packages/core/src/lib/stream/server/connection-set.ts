import type { CallbackRegistry } from '../../server/callback-registry.js'
import type { Connection, Transport } from '../../channel/channel.js'
import { createDeferred, RESOLVED, type Deferred } from '../../async/deferred.js'
import type { SockError } from '../../errors/errors.js'
import type { CheckedHandler, StreamCallbacks, StreamFunction } from '../../channel/handler.js'
import type { CloseReason, ConnectionState, ServerEvents, StreamServerStats } from '../../server/server.js'
import type { ServerConnections } from '../../server/parts.js'
import { Admission } from './admission.js'
import { BufferLimit } from './buffer-limit.js'
import { startConnection } from '../connection/handler.js'
import { firstDeadline, type DeadlineSettings } from '../connection/deadlines.js'
import { connectionEvent } from '../../channel/connection-event.js'
import type { ConnectionHost } from '../connection/host.js'
import { ConnectionRecord } from '../connection/record.js'
import type { Shutdown } from '../../server/shutdown.js'
import { Handshakes, type HandshakeFailure } from './handshakes.js'
import { runInAsyncScope } from '../../async/async-scope.js'
import type { Handshake, StreamListenerSink, StreamPort } from '../port.js'
import type { StreamServerSettings } from './settings.js'
import { Sweep } from '../../async/sweep.js'
import { IndexedSet } from '../../channel/indexed-set.js'
import { Unobserved } from '../../server/unobserved.js'

/** The close reasons that have a counter. */
const COUNTED: {
  readonly [R in CloseReason]?: 'idleClosed' | 'firstByteClosed' | 'lifetimeClosed' | 'overflowClosed'
} = {
  idle: 'idleClosed',
  firstByte: 'firstByteClosed',
  lifetime: 'lifetimeClosed',
  overflow: 'overflowClosed',
}

/**
 * The connections of one server: what they share, their number, and how all of them end. It records as long as the
 * server and does not know the server's states.
 */
export class ConnectionSet
  implements ConnectionHost, StreamListenerSink, ServerConnections<StreamServerStats, Connection>
{
  readonly transport: Transport
  readonly callbacks: StreamCallbacks | undefined
  readonly highWaterMark: number
  readonly maxWriteBuffer: number
  readonly bufferLimit: BufferLimit | undefined
  readonly deadlines: DeadlineSettings
  readonly firstDeadline: number
  readonly sweep = new Sweep()
  /** Whether the `connection` event has observers. Without any, events cost this one comparison. */
  observed = false

  readonly #handler: CheckedHandler<StreamFunction, StreamCallbacks>
  readonly #settings: StreamServerSettings
  readonly #registry: CallbackRegistry<ServerEvents<Connection>>
  /** Open connections, and closed ones whose handler is still running. */
  readonly #connections = new IndexedSet<ConnectionRecord>()
  readonly #handshakes: Handshakes
  readonly #admission: Admission
  readonly #unobserved: Unobserved
  readonly #counters = {
    accepted: 0,
    open: 0,
    idleClosed: 0,
    firstByteClosed: 0,
    lifetimeClosed: 0,
    overflowClosed: 0,
    handlerErrors: 0,
    bytesRead: 0,
    bytesWritten: 0,
  }
  #shutdown: Shutdown | undefined
  #whenEmpty: Deferred<void> | undefined

  constructor(
    transport: Transport,
    handler: CheckedHandler<StreamFunction, StreamCallbacks>,
    settings: StreamServerSettings,
    registry: CallbackRegistry<ServerEvents<Connection>>,
  ) {
    this.transport = transport
    this.callbacks = handler.callbacks
    this.highWaterMark = settings.highWaterMark
    this.maxWriteBuffer = settings.maxWriteBuffer
    const { maxBufferedBytes } = settings
    this.bufferLimit =
      maxBufferedBytes < Infinity ? new BufferLimit(maxBufferedBytes, this.#connections) : undefined
    this.deadlines = settings
    this.firstDeadline = firstDeadline(settings)
    this.#handler = handler
    this.#settings = settings
    this.#registry = registry
    this.#unobserved = new Unobserved(transport)
    this.#admission = new Admission(settings, (create) => {
      if (registry.has('error')) registry.emit('error', create())
    })
    this.#handshakes = new Handshakes(settings.handshakeTimeout ?? Infinity, this.sweep, {
      secured: (port) => this.#serve(port),
      failed: (code, create) => this.#handshakeFailed(code, create),
    })
  }

  // Called by the server.

  /** Connections that are accepted and not yet closed. */
  get openCount(): number {
    return this.#counters.open
  }

  open(): Connection[] {
    return [...this.#connections].filter((record) => !record.isClosed).map((record) => record.connection)
  }

  stats(): StreamServerStats {
    const counters = { ...this.#counters }
    for (const connection of this.#connections) {
      counters.bytesRead += connection.bytesRead
      counters.bytesWritten += connection.bytesWritten
    }
    return { ...counters, handshaking: this.#handshakes.size, rejected: this.#admission.rejected }
  }

  /** Ends idle connections from now on, new ones included, and tells `shutdown` how each connection ended. */
  beginShutdown(shutdown: Shutdown): void {
    this.#shutdown = shutdown
    const { drainIdle } = this.#settings
    this.#handshakes.dropSilent(drainIdle)
    for (const record of this.#connections) record.watchDeadlines(drainIdle)
  }

  /** Aborts the `signal` of every connection. */
  stop(reason: SockError): void {
    for (const record of this.#connections) record.stop(reason)
  }

  /** Destroys all connections and handshakes. @returns how many there were */
  destroyAll(reason: CloseReason, error: Error): number {
    const records = [...this.#connections]
    const count = this.#handshakes.destroyAll() + records.length
    for (const record of records) {
      if (record.isClosed) this.#forget(record)
      else record.abort(reason, error)
    }
    this.#checkEmpty()
    return count
  }

  /** Resolves when there is no connection, no handshake and no running handler left. */
  whenEmpty(): Promise<void> {
    if (this.#isEmpty) return RESOLVED
    this.#whenEmpty ??= createDeferred()
    return this.#whenEmpty.promise
  }

  endShutdown(): void {
    this.#shutdown = undefined
    this.#handshakes.dropSilent(Infinity)
  }

  // Called by the listener.

  accept(port: StreamPort): void {
    if (this.#admits(port)) runInAsyncScope(() => this.#serve(port))
    else port.destroy()
  }

  handshake(handshake: Handshake): void {
    const isIn = this.#admits(handshake) && this.#admission.admitsHandshake(handshake, this.#handshakes.size)
    if (isIn) this.#handshakes.add(handshake)
    else handshake.destroy()
  }

  failed(error: Error): void {
    this.#registry.emit('error', error)
  }

  // Called by connections.

  get endIdleAfter(): number | undefined {
    return this.#shutdown === undefined ? undefined : this.#settings.drainIdle
  }

  observe(connection: Connection, state: ConnectionState, reason?: CloseReason): void {
    this.#registry.emit('connection', connectionEvent(connection, state, reason))
  }

  handlerFailed(connection: Connection, error: Error): void {
    this.#counters.handlerErrors += 1
    if (this.#registry.has('error')) this.#registry.emit('error', error, connection)
    else this.#unobserved.handlerFailed(error)
  }

  wroteAfterReturn(error: Error): void {
    this.#unobserved.wroteAfterReturn(error)
  }

  connectionFailed(connection: Connection, error: Error): void {
    this.#registry.emit('error', error, connection)
  }

  endedIdle(connection: Connection): void {
    this.#shutdown?.endedIdle(connection)
  }

  closed(record: ConnectionRecord, reason: CloseReason): void {
    this.#counters.open -= 1
    const counter = COUNTED[reason]
    if (counter !== undefined) this.#counters[counter] += 1
    // After a forced end the shutdown does not wait for handlers: they may never settle.
    if (this.#shutdown?.isForced === true) this.#forget(record)
  }

  settled(record: ConnectionRecord): void {
    if (!this.#connections.has(record)) return
    this.#shutdown?.settled(record.connection)
    this.#forget(record)
  }

  #admits(peer: StreamPort | Handshake): boolean {
    // The listener may still deliver peers that it had accepted before everything was destroyed.
    if (this.#shutdown?.isForced === true) return false
    return this.#admission.admits(peer, this.#counters.open + this.#handshakes.size)
  }

  #serve(port: StreamPort): void {
    const record = new ConnectionRecord(port, this)
    this.#connections.add(record)
    this.#counters.accepted += 1
    this.#counters.open += 1
    if (this.#shutdown !== undefined) record.watchDeadlines(this.#settings.drainIdle)
    startConnection(record, this.#handler.run, this.#settings.configure)
  }

  #handshakeFailed(code: HandshakeFailure, create: () => SockError): void {
    this.#admission.handshakeFailed(code, create)
    this.#checkEmpty()
  }

  #forget(record: ConnectionRecord): void {
    if (!this.#connections.delete(record)) return
    this.#counters.bytesRead += record.bytesRead
    this.#counters.bytesWritten += record.bytesWritten
    this.#checkEmpty()
  }

  get #isEmpty(): boolean {
    return this.#connections.size === 0 && this.#handshakes.size === 0
  }

  #checkEmpty(): void {
    if (this.#whenEmpty === undefined || !this.#isEmpty) return
    this.#whenEmpty.resolve()
    this.#whenEmpty = undefined
  }
}

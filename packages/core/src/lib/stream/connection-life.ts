import { createDeferred, ignore, RESOLVED } from '../async/deferred.js'
import { nextChannelId } from '../channel/channel-id.js'
import { stopController, stopFor } from '../channel/stop-signal.js'
import { asError } from '../errors/as-error.js'
import { isSockError, type SockError } from '../errors/errors.js'
import { isPeerGone } from '../errors/expected-close.js'
import type { CloseReason, ConnectionState } from '../server/server.js'
import type { BufferingConnection } from './buffer-limit.js'
import { ConnectionCallbacks, type CallbackOwner } from './connection-callbacks.js'
import { closedError, overflowError, resetError } from './connection-errors.js'
import { ConnectionExtras } from './connection-extras.js'
import { failConnection, trackPromise, type HandledConnection } from './connection-handler.js'
import type { ConnectionHost, HostedConnection } from './connection-host.js'
import { awaitsInput, endInput, receive, shutInput, type InputOwner } from './connection-input.js'
import {
  endOutput,
  outputDrained,
  outputFinished,
  rejectOutput,
  waitingOutput,
  type OutputOwner,
} from './connection-output.js'
import { closeConnectionStream } from './connection-stream.js'
import { StreamConnection, type ConnectionInside } from './connection.js'
import { Deadlines, type TimedConnection } from './deadlines.js'
import { Inbox } from './inbox.js'
import type { StreamPort, StreamPortSink } from './port.js'

type Roles = BufferingConnection &
  CallbackOwner &
  ConnectionInside &
  HandledConnection &
  HostedConnection &
  StreamPortSink &
  TimedConnection

/**
 * The implementation of a connection over any port: its states, and how it closes. Files beside this one implement
 * input, output and handler. Callbacks, `read()`, `for await` and `stream` all use it; users hold its `connection`.
 */
export class ConnectionLife implements Roles {
  readonly connection: StreamConnection
  readonly host: ConnectionHost
  readonly port: StreamPort
  readonly callbacks: ConnectionCallbacks | undefined
  readonly inbox: Inbox | undefined
  /** Its index in the set of all connections, or -1 while it is in none. */
  place = -1
  input: InputOwner['input'] = 'open'
  output: OutputOwner['output'] = 'open'
  bytesRead = 0
  bytesWritten = 0
  bytesReadAtLastWrite = 0
  pending = 0
  reason: CloseReason | undefined
  /** The error for pending operations, once the connection broke. */
  error: Error | undefined
  extras: ConnectionExtras | undefined
  #phase: 'open' | 'closing' | 'destroyed' | 'closed' = 'open'
  #deadlines: Deadlines | undefined

  constructor(port: StreamPort, host: ConnectionHost, id = nextChannelId()) {
    this.connection = new StreamConnection(id, this)
    this.host = host
    this.port = port
    const { callbacks } = host
    if (callbacks !== undefined) this.callbacks = new ConnectionCallbacks(this, callbacks)
    if (callbacks?.data === undefined) this.inbox = this.createInbox()
  }

  get isOpen(): boolean {
    return this.#phase === 'open' && this.output === 'open'
  }
  get isClosing(): boolean {
    return this.#phase === 'closing'
  }
  get isDestroyed(): boolean {
    return this.#phase === 'destroyed'
  }
  get isClosed(): boolean {
    return this.#phase === 'closed'
  }
  get isGone(): boolean {
    return this.#phase === 'destroyed' || this.#phase === 'closed'
  }
  get waitingBytes(): number {
    return waitingOutput(this)
  }
  get isIdle(): boolean {
    if (this.#phase !== 'open' || this.port.bufferedBytes > 0 || this.input !== 'open') return false
    if (this.extras?.isBusy === true || this.extras?.inputUser?.isBusy === true) return false
    // A stream reads ahead. Its user counts as busy before it reads, and until received data has been followed by an
    // answer.
    const stream = this.extras?.stream
    if (stream?.readableFlowing === null) return false
    if (stream !== undefined && this.bytesRead > this.bytesReadAtLastWrite) return false
    return this.inbox?.hasReader === true || this.callbacks?.isIdle === true
  }

  get awaitsInput(): boolean {
    return awaitsInput(this)
  }

  makeExtras(): ConnectionExtras {
    return (this.extras ??= new ConnectionExtras())
  }

  createInbox(): Inbox {
    return new Inbox(this.port, this.host.highWaterMark)
  }

  observe(state: ConnectionState, reason?: CloseReason): void {
    if (this.host.observed) this.host.observe(this.connection, state, reason)
  }

  // The signal.

  get signal(): AbortSignal {
    const extras = this.makeExtras()
    if (this.isGone) extras.stop ??= this.#stopReason()
    const controller = (extras.stop = stopController(extras.stop))
    return controller.signal
  }

  /** Aborts `signal`. */
  stop(reason: SockError): void {
    const extras = this.makeExtras()
    extras.stop = stopFor(extras.stop, reason)
  }

  #fireSignal(): void {
    if (this.extras?.stop !== undefined) this.stop(this.#stopReason())
  }

  #stopReason(): SockError {
    return isSockError(this.error) ? this.error : closedError('continue', this.error)
  }

  // The handler.

  trackPromise(promise: PromiseLike<unknown>, settled: (life: ConnectionLife) => void): void {
    trackPromise(this, promise, settled)
  }

  checkFinished(): void {
    if (this.pending === 0 && this.#phase === 'closed') this.host.finished(this)
  }

  handlerFailed(error: unknown): void {
    failConnection(this, error)
  }

  // Closing from this side.

  close(): Promise<void> {
    this.finish()
    if (this.#phase === 'closed') {
      // The handler may not have seen all input yet.
      shutInput(this)
      return RESOLVED
    }
    const { promise } = (this.makeExtras().closed ??= createDeferred())
    // After destroy() there is nothing to flush, so close() does not reject.
    return this.isDestroyed ? promise.catch(ignore) : promise
  }

  finish(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    shutInput(this)
    endOutput(this)
    if (this.isGone) return
    this.#destroyIfOver()
    // A bare FIN is sent at once. After queued bytes, or with TLS's close_notify, it may have to wait for the peer.
    const mayStall = this.port.bufferedBytes > 0 || this.port.secure
    if (this.input !== 'ended' || mayStall) this.#watched.beginClosing()
  }

  #destroyIfOver(): void {
    if (this.input === 'ended' && this.output === 'ended' && !this.isGone) this.port.destroy()
  }

  destroy(
    error?: Error,
    // After a failure the peer must not take a partial answer for a complete one.
    how: 'destroy' | 'reset' = error === undefined && this.error === undefined ? 'destroy' : 'reset',
  ): void {
    const reason = error === undefined ? closedError('continue', this.error) : asError(error)
    if (!this.isClosed) {
      this.abort('destroyed', reason, how)
      return
    }
    // The handler may not have seen all input yet. That it gets no more of it is then no failure of the handler.
    this.error ??= reason
    this.abandon(reason)
  }

  overflow(limit: string): void {
    if (this.isGone) return
    const error = overflowError(this.waitingBytes, limit)
    this.abort('overflow', error, 'reset')
    this.extras?.stream?.destroy(error)
    this.host.broke(this.connection, error)
  }

  /**
   * Destroys the connection, with a reason. Only the first reason counts.
   *
   * @param how `reset` after a failure. By default, `destroy` if the connection only waits for input, otherwise
   * `reset`: the peer must not take a partial answer for a complete one
   */
  abort(
    reason: CloseReason,
    error: Error,
    how: 'destroy' | 'reset' = this.isIdle ? 'destroy' : 'reset',
  ): void {
    if (this.isGone) return
    this.#phase = 'destroyed'
    this.reason ??= reason
    this.error ??= error
    this.abandon(this.error)
    this.#rejectPending()
    this.#fireSignal()
    this.port[how]()
  }

  /** Drops the input that the handler has not seen. */
  abandon(error: Error): void {
    this.callbacks?.abandon()
    this.inbox?.abort(error)
    this.extras?.inputUser?.inputDropped?.(error)
  }

  // Called by the port.

  received(chunk: Buffer): void {
    receive(this, chunk)
  }

  ended(): void {
    if (this.isGone) return
    endInput(this)
    this.#destroyIfOver()
  }

  drained(): void {
    outputDrained(this)
  }

  finished(): void {
    outputFinished(this)
    this.#deadlines?.flushed()
    this.#destroyIfOver()
  }

  closed(error?: Error): void {
    if (this.#phase === 'closed') return
    const failure = this.#phase === 'destroyed' ? undefined : error
    const flushed = this.output === 'ended'
    const isWhole = flushed && this.input === 'ended'
    // Change the phase before observers learn of it, so that they find the connection closed.
    this.#phase = 'closed'
    this.#deadlines?.stop()
    if (failure !== undefined || (!isWhole && this.reason === undefined)) this.#break(failure)
    const reason = this.reason ?? 'ended'
    this.#rejectPending()
    if (flushed || this.error === undefined) this.extras?.closed?.resolve()
    else this.extras?.closed?.reject(this.error)
    this.host.closed(this, reason)
    this.observe('close', reason)
    this.#fireSignal()
    if (this.extras?.stream !== undefined) closeConnectionStream(this.extras.stream, this.error)
    this.callbacks?.close(this.error)
    this.checkFinished()
  }

  /** Handles a broken port. A disconnected peer is not an error of ours; anything else is reported. */
  #break(error?: Error): void {
    const gone = error === undefined || isPeerGone(error)
    this.reason ??= gone ? 'reset' : 'error'
    this.error ??= gone ? resetError(error) : error
    if (!gone) this.host.broke(this.connection, error)
  }

  /** Settles all pending operations: with the error if there is one, otherwise with "connection is closed". */
  #rejectPending(): void {
    const isCut = this.input !== 'ended' && this.inbox !== undefined
    const { extras } = this
    // An error costs a stack trace, so none is created for an ordinary close without pending operations.
    if (!isCut && extras?.drained === undefined && extras?.finished === undefined) return
    const error = this.error ?? closedError('continue', this.error)
    if (isCut) this.inbox?.finish(error)
    if (extras !== undefined) rejectOutput(extras, error)
  }

  // Deadlines.

  watchDeadlines(within = this.host.firstDeadline): void {
    if (within < Infinity && !this.isGone) this.#watched.watch(within)
  }
  get #watched(): Deadlines {
    return (this.#deadlines ??= new Deadlines(this, this.host))
  }

  expire(reason: CloseReason, error: SockError): void {
    if (this.isGone) return
    this.reason ??= reason
    this.stop(error)
  }

  endIdle(): void {
    this.reason ??= 'draining'
    this.host.endedIdle(this.connection)
    shutInput(this)
    // An observer may have destroyed it.
    if (!this.isGone) this.callbacks?.end()
  }

  endLinger(): void {
    this.reason ??= 'ended'
    this.port.destroy()
  }
}

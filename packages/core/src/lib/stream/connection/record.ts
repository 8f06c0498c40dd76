import { createDeferred, ignore, RESOLVED } from '../../async/deferred.js'
import { nextChannelId } from '../../channel/channel-id.js'
import { stopController, stopFor } from '../../channel/stop-signal.js'
import { asError } from '../../errors/as-error.js'
import { isSockError, type SockError } from '../../errors/errors.js'
import { isPeerGone } from '../../errors/expected-close.js'
import type { CloseReason, ConnectionState } from '../../server/server.js'
import { ConnectionCallbacks } from './callbacks.js'
import { closedError, overflowError, resetError } from './errors.js'
import { LazyState } from './lazy-state.js'
import { failConnection } from './handler.js'
import type { ConnectionHost } from './host.js'
import { awaitsInput, endInput, receive, closeInput } from './input.js'
import { endOutput, outputDrained, outputFlushed, rejectOutput, waitingOutput } from './output.js'
import { closeConnectionStream } from './stream.js'
import { StreamConnection } from './connection.js'
import { Deadlines } from './deadlines.js'
import { ReceiveBuffer } from './receive-buffer.js'
import type { StreamPort, StreamPortSink } from '../port.js'

/**
 * All that core knows of a connection, over any port: each field once, and the states through which it closes. Functions in
 * the files beside this one take it: input, output, handler, callbacks, deadlines, stream. Users hold `connection`.
 */
export class ConnectionRecord implements StreamPortSink {
  /** The public object. */
  readonly connection: StreamConnection
  readonly host: ConnectionHost
  readonly port: StreamPort
  /** Missing for a handler function, and for a client. */
  readonly callbacks: ConnectionCallbacks | undefined
  /** Input for `read()`, `for await` and the stream; missing when it goes to a `data` callback. */
  readonly receiveBuffer: ReceiveBuffer | undefined
  /** Written by the set of all connections only. */
  index = -1

  // Written by input.ts only.

  /** `closed`: this side reads no more; `ended`: the peer sends no more. */
  input: 'open' | 'closed' | 'ended' = 'open'
  bytesRead = 0

  // Written by output.ts only.

  output: 'open' | 'ending' | 'ended' = 'open'
  bytesWritten = 0
  /** If it is less than `bytesRead`, input has arrived since the last write: it may still need an answer. */
  bytesReadAtLastWrite = 0

  // Written by handler.ts only.

  /** Number of pending promises of the handler. */
  pending = 0

  // Written here, and by handler.ts when the handler has failed. The first value stays.

  /** Why it closes, if not because both sides have ended. */
  reason: CloseReason | undefined
  /** The error for pending operations, once the connection has failed or was destroyed. */
  error: Error | undefined

  /** What most connections never need. */
  lazy: LazyState | undefined
  #phase: 'open' | 'closing' | 'destroyed' | 'closed' = 'open'
  #deadlines: Deadlines | undefined

  constructor(port: StreamPort, host: ConnectionHost, id = nextChannelId()) {
    this.connection = new StreamConnection(id, this)
    this.host = host
    this.port = port
    const { callbacks } = host
    if (callbacks !== undefined) this.callbacks = new ConnectionCallbacks(this, callbacks)
    if (callbacks?.data === undefined) this.receiveBuffer = this.createReceiveBuffer()
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
    if (this.lazy?.isBusy === true || this.lazy?.inputUser?.isBusy === true) return false
    // A stream reads ahead. Its user counts as busy before it reads, and until received data has been followed by an
    // answer.
    const stream = this.lazy?.stream
    if (stream?.readableFlowing === null) return false
    if (stream !== undefined && this.bytesRead > this.bytesReadAtLastWrite) return false
    return this.receiveBuffer?.hasReader === true || this.callbacks?.isIdle === true
  }

  get awaitsInput(): boolean {
    return awaitsInput(this)
  }

  ensureLazy(): LazyState {
    return (this.lazy ??= new LazyState())
  }

  createReceiveBuffer(): ReceiveBuffer {
    return new ReceiveBuffer(this.port, this.host.highWaterMark)
  }

  observe(state: ConnectionState, reason?: CloseReason): void {
    if (this.host.observed) this.host.observe(this.connection, state, reason)
  }

  // The signal.

  get signal(): AbortSignal {
    const lazy = this.ensureLazy()
    if (this.isGone) lazy.stop ??= this.#stopReason()
    const controller = (lazy.stop = stopController(lazy.stop))
    return controller.signal
  }

  /** Aborts `signal`. */
  stop(reason: SockError): void {
    const lazy = this.ensureLazy()
    lazy.stop = stopFor(lazy.stop, reason)
  }

  #abortSignal(): void {
    if (this.lazy?.stop !== undefined) this.stop(this.#stopReason())
  }

  #stopReason(): SockError {
    return isSockError(this.error) ? this.error : closedError('continue', this.error)
  }

  // The handler.

  checkSettled(): void {
    if (this.pending === 0 && this.#phase === 'closed') this.host.settled(this)
  }

  handlerFailed(error: unknown): void {
    failConnection(this, error)
  }

  // Closing from this side.

  close(): Promise<void> {
    // After destroy() there is nothing to flush. If an observer of this close destroys the connection, there was.
    const wasDestroyed = this.isDestroyed
    this.closeGracefully()
    if (this.#phase === 'closed') {
      // The handler may not have seen all input yet.
      closeInput(this)
      return RESOLVED
    }
    const { promise } = (this.ensureLazy().closed ??= createDeferred())
    return wasDestroyed ? promise.catch(ignore) : promise
  }

  closeGracefully(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    closeInput(this)
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
    this.lazy?.stream?.destroy(error)
    this.host.connectionFailed(this.connection, error)
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
    this.#abortSignal()
    this.port[how]()
  }

  /** Drops the input that the handler has not seen. */
  abandon(error: Error): void {
    this.callbacks?.abandon()
    this.receiveBuffer?.abort(error)
    this.lazy?.inputUser?.inputDropped?.(error)
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

  flushed(): void {
    outputFlushed(this)
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
    if (failure !== undefined || (!isWhole && this.reason === undefined)) this.#portFailed(failure)
    const reason = this.reason ?? 'ended'
    this.#rejectPending()
    if (flushed || this.error === undefined) this.lazy?.closed?.resolve()
    else this.lazy?.closed?.reject(this.error)
    this.host.closed(this, reason)
    this.observe('close', reason)
    this.#abortSignal()
    if (this.lazy?.stream !== undefined) closeConnectionStream(this.lazy.stream, this.error)
    this.callbacks?.close(this.error)
    this.checkSettled()
  }

  /** Handles a broken port. A disconnected peer is not an error of ours; anything else is reported. */
  #portFailed(error?: Error): void {
    const gone = error === undefined || isPeerGone(error)
    this.reason ??= gone ? 'reset' : 'error'
    this.error ??= gone ? resetError(error) : error
    if (!gone) this.host.connectionFailed(this.connection, error)
  }

  /** Settles all pending operations: with the error if there is one, otherwise with "connection is closed". */
  #rejectPending(): void {
    const isCut = this.input !== 'ended' && this.receiveBuffer !== undefined
    const { lazy } = this
    // An error costs a stack trace, so none is created for an ordinary close without pending operations.
    if (!isCut && lazy?.drained === undefined && lazy?.flushed === undefined) return
    const error = this.error ?? closedError('continue', this.error)
    if (isCut) this.receiveBuffer?.end(error)
    if (lazy !== undefined) rejectOutput(lazy, error)
  }

  // Deadlines.

  watchDeadlines(within = this.host.firstDeadline): void {
    if (within < Infinity && !this.isGone) this.#watched.watch(within)
  }
  get #watched(): Deadlines {
    return (this.#deadlines ??= new Deadlines(this))
  }

  expire(reason: CloseReason, error: SockError): void {
    if (this.isGone) return
    this.reason ??= reason
    this.stop(error)
  }

  endIdle(): void {
    this.reason ??= 'draining'
    this.host.endedIdle(this.connection)
    closeInput(this)
    // An observer may have destroyed it.
    if (!this.isGone) this.callbacks?.end()
  }

  endLinger(): void {
    this.reason ??= 'ended'
    this.port.destroy()
  }
}

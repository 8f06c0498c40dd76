import type { Duplex } from 'node:stream'
import { types } from 'node:util'
import type { Address } from '../address/address.js'
import { Announcer } from '../channel/announcer.js'
import { asError } from '../errors/as-error.js'
import { nextChannelId } from '../channel/channel-id.js'
import type { Connection, PeerCredentials, Transport } from '../channel/channel.js'
import {
  createDeferred,
  ignore,
  isThenable,
  rejected,
  RESOLVED,
  whenSettled,
  type Deferred,
} from '../async/deferred.js'
import { isSockError, SockError } from '../errors/errors.js'
import { isExpectedClose, isPeerGone } from '../errors/expected-close.js'
import type { StreamFunction } from '../channel/handler.js'
import { unexpectedArgument, wrongType } from '../options/check.js'
import { ReadLimit, type ReadOptions } from '../channel/read-options.js'
import type { Member } from './indexed-set.js'
import type { CloseReason } from '../server/server.js'
import { CallbackFeed } from './callback-feed.js'
import { closedError, overflowError, resetError, returnedError } from './connection-errors.js'
import type { ConnectionHost } from './connection-host.js'
import { closeConnectionStream, createConnectionStream } from './connection-stream.js'
import { Deadlines, type TimedConnection } from './deadlines.js'
import { ChunkIterator, Inbox } from './inbox.js'
import { isolated } from '../async/isolated.js'
import type { StreamPort, StreamPortSink } from './port.js'

/** To all who ask: `shutdown()` and deadlines do so for many connections, one after the other. */
function fire(controller: AbortController, reason: SockError): void {
  isolated(() => controller.abort(reason))
}

function returned(connection: StreamConnection): void {
  connection.returned()
}

/** A connection: the one mechanism behind callbacks, `read()`, `for await` and `stream`, over any port. */
export class StreamConnection implements Connection, StreamPortSink, TimedConnection, Member {
  readonly id: number
  data: unknown = undefined
  place = -1

  readonly #host: ConnectionHost
  readonly #port: StreamPort
  readonly #feed: CallbackFeed | undefined
  /** Input for whoever reads; absent when it goes to a `data` callback. */
  readonly #inbox: Inbox | undefined

  #phase: 'open' | 'closing' | 'destroyed' | 'closed' = 'open'
  /** `shut`: we do not want more; `ended`: the peer has no more. */
  #input: 'open' | 'shut' | 'ended' = 'open'
  #output: 'open' | 'ending' | 'ended' = 'open'
  #reason: CloseReason | undefined
  /** What operations under way reject with, once something broke. */
  #error: Error | undefined
  #bytesRead = 0
  #bytesWritten = 0
  /** What had been read when something was last written. */
  #answered = 0

  #deadlines: Deadlines | undefined
  #work = 0
  /** Its handler function has returned, which closed it although more might have come. */
  #isLeft = false
  #announcer: Announcer | undefined
  #drained: Deferred<void> | undefined
  #finished: Deferred<void> | undefined
  #closed: Deferred<void> | undefined
  #stop: AbortController | SockError | undefined
  #stream: Duplex | undefined

  constructor(port: StreamPort, host: ConnectionHost, id = nextChannelId()) {
    this.id = id
    this.#host = host
    this.#port = port
    const { callbacks } = host
    if (callbacks !== undefined) this.#feed = new CallbackFeed(this, callbacks)
    if (callbacks?.data === undefined) this.#inbox = this.createInbox()
  }

  get transport(): Transport {
    return this.#host.transport
  }
  get localAddress(): Address {
    return this.#port.localAddress
  }
  get remoteAddress(): Address | undefined {
    return this.#port.remoteAddress
  }
  get secure(): boolean {
    return this.#port.secure
  }
  get tls(): unknown {
    return this.#port.tls
  }
  get peerCredentials(): PeerCredentials | undefined {
    return this.#port.peerCredentials
  }
  get isOpen(): boolean {
    return this.#phase === 'open' && this.#output === 'open'
  }
  get bytesRead(): number {
    return this.#bytesRead
  }
  get bytesWritten(): number {
    return this.#bytesWritten
  }
  get writableNeedDrain(): boolean {
    return this.#drained !== undefined
  }
  get signal(): AbortSignal {
    if (!(this.#stop instanceof AbortController)) {
      const reason = this.#stop ?? (this.#isGone ? this.#stopReason() : undefined)
      this.#stop = new AbortController()
      if (reason !== undefined) this.#stop.abort(reason)
    }
    return this.#stop.signal
  }
  get stream(): Duplex {
    this.#stream ??= createConnectionStream(this, this.#takeInput('make a stream'), this.#host.highWaterMark)
    return this.#stream
  }

  // What users do.

  read(options?: ReadOptions): Promise<Buffer | null> {
    try {
      const readLimit = options === undefined ? undefined : new ReadLimit(options)
      return this.#takeInput('read').read(readLimit)
    } catch (error) {
      return rejected(error)
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return new ChunkIterator(this, this.#takeInput('read'))
  }

  write(data: Uint8Array | string): Promise<void> {
    if (!this.isOpen) return this.#wroteTooLate()
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    if (!types.isUint8Array(bytes)) return rejected(wrongType('data', 'a Uint8Array or a string', data))
    if (bytes.length === 0) return RESOLVED
    // The second: an observer that is told of a write may have unsubscribed before it writes itself.
    if (this.#host.observed || this.#announcer?.isTelling === true) return this.#announce(bytes)
    return this.#handOn(bytes)
  }

  closeRead(): void {
    this.#dropInput()
    this.#inbox?.finish()
    if (this.#input !== 'open' || this.#isGone) return
    this.#input = 'shut'
    if (this.#host.observed) this.#host.observe(this, 'closeRead')
  }

  closeWrite(): Promise<void> {
    if (this.#output === 'ended') return RESOLVED
    if (this.#phase === 'closed' || this.#phase === 'destroyed') {
      return rejected(closedError('close the writing side', this.#error))
    }
    // An observer of this may destroy the connection, which rejects what is pending and forgets it.
    const finished = (this.#finished ??= createDeferred())
    this.#endOutput()
    return finished.promise
  }

  close(unexpected?: unknown): Promise<void> {
    if (unexpected !== undefined) return Promise.reject(unexpectedArgument('close()', unexpected))
    this.finish()
    if (this.#phase === 'closed') return RESOLVED
    this.#closed ??= createDeferred()
    // Who destroyed it has nothing to flush, and gets no complaint.
    return this.#phase === 'destroyed' ? this.#closed.promise.catch(ignore) : this.#closed.promise
  }

  destroy(error?: Error): void {
    // After a failure the peer must not take half an answer for the whole.
    const hasFailed = error !== undefined || this.#error !== undefined
    const reason = error === undefined ? closedError('go on', this.#error) : asError(error)
    this.abort('destroyed', reason, hasFailed ? 'reset' : 'destroy')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // What the owner of the connection does: a server with its handler, or a client.

  /** The handler function is over. */
  returned(): void {
    // Who has closed the connection, or seen its end, does not expect to write any more.
    if (this.isOpen && this.#input === 'open') this.#isLeft = true
    this.finish()
  }

  /** Flushes and closes. */
  finish(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.closeRead()
    this.#endOutput()
    if (this.#isGone) return
    this.#destroyIfOver()
    if (this.#input !== 'ended' || this.#mayStall) this.#watched().beginClosing()
  }

  get isClosed(): boolean {
    return this.#phase === 'closed'
  }

  /** From this side, or by a deadline, and not closed yet. */
  get isDestroyed(): boolean {
    return this.#phase === 'destroyed'
  }

  /** Bytes that were written and are not yet taken by the system. */
  get waitingBytes(): number {
    if (this.#isGone) return 0
    // What a stream has handed over still counts as its own, until `write()` is done with it.
    return Math.max(this.#port.bufferedBytes, this.#stream?.writableLength ?? 0)
  }

  /**
   * More than `highWaterMark` waits since the last write: too much of it ends the connection.
   *
   * @param waiting all that waits by now
   * @param added what has come with this write: one alone may be as long as it likes
   * @param isFirst nothing had to wait before
   */
  fallBehind(waiting: number, added: number, isFirst: boolean): void {
    const { maxWriteBuffer, bufferLimit } = this.#host
    if (waiting - added >= maxWriteBuffer) this.overflow(`"maxWriteBuffer" is ${maxWriteBuffer}`)
    else bufferLimit?.add(isFirst ? waiting : added)
  }

  /** The peer does not take what is written for it, and there is no more room. */
  overflow(limit: string): void {
    if (this.#isGone) return
    const error = overflowError(this.waitingBytes, limit)
    this.abort('overflow', error, 'reset')
    this.#stream?.destroy(error)
    this.#host.broke(this, error)
  }

  /** Begins to deliver, and hands the connection to its handler: a function, if not callbacks. */
  serve(run?: StreamFunction, configure?: (socket: never) => void): void {
    this.#port.start(this)
    if (this.#host.firstDeadline < Infinity) this.#watched().watch(this.#host.firstDeadline)
    if (this.#host.observed) this.#host.observe(this, 'new')
    if (this.#host.observed) this.#host.observe(this, 'handler')
    // Even if an observer has closed the server: each connection that was accepted has its handler.
    try {
      const result: unknown = configure?.(this.#port.socket as never)
      if (isThenable(result)) this.work(result, ignore)
    } catch (error) {
      this.fail(error)
      return
    }
    if (run !== undefined) this.#run(run)
    else this.#feed?.open()
  }

  /** Something of the handler is under way: its function, or a promise of a callback. If it fails, the connection does. */
  work(promise: PromiseLike<unknown>, done: (connection: StreamConnection) => void): void {
    this.#work += 1
    void whenSettled(
      promise,
      () => this.#worked(done),
      (error: unknown) => {
        this.fail(error)
        this.#worked(done)
      },
    )
  }

  get isWorking(): boolean {
    return this.#work > 0
  }

  /** Fires `signal`. The first reason counts. */
  stop(reason: SockError): void {
    if (this.#stop instanceof AbortController) fire(this.#stop, reason)
    else this.#stop ??= reason
  }

  /** Looks from now on whether the connection has become idle, since its server is draining. */
  drain(quiet: number): void {
    if (!this.#isGone) this.#watched().watch(quiet)
  }

  /** Handler or callback failed: unless that only tells what is known already, report it; then destroy. */
  fail(error: unknown): void {
    const failure = asError(error)
    // An overflow has been reported; what the handler itself gave to `destroy()` has not.
    const isReported = this.#reason === 'overflow' && failure === this.#error
    const isKnown = isReported || (this.#error !== undefined && isExpectedClose(failure))
    // Before observers hear of it: what they do about the connection is not the first reason any more.
    this.#reason ??= 'error'
    this.#error ??= failure
    if (!isKnown) this.#host.handlerFailed(this, failure)
    this.abort('error', failure, 'reset')
    // Even if it was closed before: a handler that failed gets no more.
    this.#dropInput()
  }

  /**
   * Destroys, and says why. The first reason counts.
   *
   * @param how `reset` when something failed, and unless said otherwise when nobody just waits for input: the peer must
   * not take half an answer for the whole
   */
  abort(
    reason: CloseReason,
    error: Error,
    how: 'destroy' | 'reset' = this.isIdle ? 'destroy' : 'reset',
  ): void {
    if (this.#isGone) return
    this.#phase = 'destroyed'
    this.#reason ??= reason
    this.#error ??= error
    this.#feed?.clear()
    this.#inbox?.abort(this.#error)
    this.#rejectPending()
    if (this.#stop instanceof AbortController) fire(this.#stop, this.#stopReason())
    this.#port[how]()
  }

  // What the port does.

  received(chunk: Buffer): void {
    // A TLS socket may still deliver what it has decrypted before; who keeps counts has taken this one's already.
    if (this.#isGone) return
    this.#bytesRead += chunk.length
    if (!this.#takesInput) return
    if (this.#host.observed) {
      this.#host.observe(this, 'read')
      if (!this.#takesInput) return
    }
    if (this.#inbox !== undefined) this.#inbox.push(chunk)
    else this.#feed?.chunk(chunk)
  }

  ended(): void {
    if (this.#isGone) return
    const wasOpen = this.#input === 'open'
    this.#input = 'ended'
    if (wasOpen && this.#host.observed) this.#host.observe(this, 'closeRead')
    if (this.#isGone) return
    this.#inbox?.finish()
    this.#feed?.end()
    this.#destroyIfOver()
  }

  drained(): void {
    if (this.#drained === undefined) return
    if (this.#port.bufferedBytes >= this.#host.highWaterMark) {
      this.#port.requestDrain()
      return
    }
    this.#drained.resolve()
    this.#drained = undefined
    this.#feed?.drain()
  }

  finished(): void {
    this.#output = 'ended'
    this.#deadlines?.flushed()
    this.#finished?.resolve()
    this.#finished = undefined
    this.#destroyIfOver()
  }

  closed(error?: Error): void {
    if (this.#phase === 'closed') return
    const failure = this.#phase === 'destroyed' ? undefined : error
    const flushed = this.#output === 'ended'
    const isWhole = flushed && this.#input === 'ended'
    // Before observers hear of it: whatever they do comes too late.
    this.#phase = 'closed'
    this.#deadlines?.stop()
    if (failure !== undefined || (!isWhole && this.#reason === undefined)) this.#break(failure)
    const reason = this.#reason ?? 'ended'
    this.#rejectPending()
    if (flushed || this.#error === undefined) this.#closed?.resolve()
    else this.#closed?.reject(this.#error)
    this.#host.closed(this, reason)
    if (this.#host.observed) this.#host.observe(this, 'close', reason)
    if (this.#stop instanceof AbortController) fire(this.#stop, this.#stopReason())
    if (this.#stream !== undefined) closeConnectionStream(this.#stream, this.#error)
    this.#feed?.close(this.#error)
    this.#checkFinished()
  }

  /** For input that has to wait; it holds the peer back. */
  createInbox(): Inbox {
    return new Inbox(this.#port, this.#host.highWaterMark)
  }

  // What its deadlines see and do.

  get isClosing(): boolean {
    return this.#phase === 'closing'
  }
  get progress(): number {
    return this.#bytesRead + this.#port.writeProgress
  }
  get writeProgress(): number {
    return this.#port.writeProgress
  }
  get awaitsFirstByte(): boolean {
    return this.#bytesRead === 0 && this.#input === 'open'
  }
  get isFlushed(): boolean {
    return this.#output === 'ended'
  }

  expire(reason: CloseReason, error: SockError): void {
    if (this.#isGone) return
    this.#reason ??= reason
    this.stop(error)
  }

  /** Lets whoever waits for input see its end, as if the peer had ended. */
  endIdle(): void {
    this.#reason ??= 'draining'
    this.#host.endedIdle(this)
    this.closeRead()
    this.#feed?.end()
  }

  endLinger(): void {
    this.#reason ??= 'ended'
    this.#port.destroy()
  }

  get isIdle(): boolean {
    if (this.#phase !== 'open' || this.#port.bufferedBytes > 0 || this.#input !== 'open') return false
    // A stream always asks for more. Whoever uses it is at work as long as what came has not been followed by an answer.
    if (this.#stream !== undefined && this.#bytesRead > this.#answered) return false
    return this.#inbox?.hasReader === true || this.#feed?.isIdle === true
  }

  /** Whether our FIN may have to wait for the peer: behind bytes, or TLS's own farewell. A bare FIN is out at once. */
  get #mayStall(): boolean {
    return this.#port.bufferedBytes > 0 || this.#port.secure
  }

  get #isGone(): boolean {
    return this.#phase === 'destroyed' || this.#phase === 'closed'
  }

  get #takesInput(): boolean {
    return this.#input === 'open' && !this.#isGone
  }

  #watched(): Deadlines {
    return (this.#deadlines ??= new Deadlines(this, this.#host))
  }

  /** The input for one who reads, which a `data` callback or a stream exclude. */
  #takeInput(action: string): Inbox {
    const taker = this.#inbox === undefined ? 'the "data" callback' : this.#stream && 'the stream'
    if (this.#inbox === undefined || taker !== undefined) {
      throw new SockError('ERR_SOCK_INVALID_STATE', `Cannot ${action}: input goes to ${taker}`)
    }
    this.#feed?.readerCame()
    return this.#inbox
  }

  #dropInput(): void {
    this.#inbox?.clear()
    this.#feed?.clear()
  }

  #run(handler: StreamFunction): void {
    try {
      const result: unknown = handler(this)
      if (isThenable(result)) this.work(result, returned)
      else this.returned()
    } catch (error) {
      this.fail(error)
    }
  }

  #wroteTooLate(): Promise<never> {
    if (!this.#isLeft) return rejected(closedError('write', this.#error))
    const error = returnedError()
    this.#host.wroteTooLate(error)
    return rejected(error)
  }

  #worked(done: (connection: StreamConnection) => void): void {
    this.#work -= 1
    done(this)
    this.#checkFinished()
  }

  #checkFinished(): void {
    if (this.#work === 0 && this.#phase === 'closed') this.#host.finished(this)
  }

  #endOutput(): void {
    if (this.#output !== 'open') return
    this.#output = 'ending'
    if (this.#host.observed) this.#host.observe(this, 'closeWrite')
    if (!this.#isGone) this.#port.shutdownWrite()
  }

  #announce(bytes: Uint8Array): Promise<void> {
    this.#announcer ??= new Announcer()
    return this.#announcer.announce(
      () => this.#host.observe(this, 'write'),
      () => (this.isOpen ? this.#handOn(bytes) : rejected(closedError('write', this.#error))),
    )
  }

  #handOn(bytes: Uint8Array): Promise<void> {
    this.#bytesWritten += bytes.length
    this.#answered = this.#bytesRead
    this.#port.write(bytes)
    const waiting = this.#port.bufferedBytes
    return waiting < this.#host.highWaterMark ? RESOLVED : this.#whenDrained(waiting, bytes.length)
  }

  #destroyIfOver(): void {
    if (this.#input === 'ended' && this.#output === 'ended' && !this.#isGone) this.#port.destroy()
  }

  #whenDrained(waiting: number, added: number): Promise<void> {
    const isFirst = this.#drained === undefined
    if (isFirst) this.#port.requestDrain()
    const { promise } = (this.#drained ??= createDeferred())
    this.fallBehind(waiting, added, isFirst)
    return promise
  }

  /** The port broke. That a peer is gone is no error of ours; anything else somebody should hear of. */
  #break(error?: Error): void {
    const gone = error === undefined || isPeerGone(error)
    this.#reason ??= gone ? 'reset' : 'error'
    this.#error ??= gone ? resetError(error) : error
    if (!gone) this.#host.broke(this, error)
  }

  /** Everything that waits gets its answer: the error, if there is one, or that the connection is closed. */
  #rejectPending(): void {
    const isCut = this.#input !== 'ended' && this.#inbox !== undefined
    // An error costs its stack trace: the ordinary close, where nobody waits, does without.
    if (!isCut && this.#drained === undefined && this.#finished === undefined) return
    const error = this.#error ?? closedError('go on', this.#error)
    if (isCut) this.#inbox?.finish(error)
    this.#drained?.reject(error)
    this.#finished?.reject(error)
    this.#drained = this.#finished = undefined
  }

  #stopReason(): SockError {
    return isSockError(this.#error) ? this.#error : closedError('go on', this.#error)
  }
}

import { types } from 'node:util'
import type { Address } from '../address/address.js'
import { Announcer } from '../channel/announcer.js'
import { asError } from '../errors/as-error.js'
import type { Datagram, DatagramChannel, PeerCredentials, Transport } from '../channel/channel.js'
import { createDeferred, isThenable, rejected, RESOLVED, type Deferred } from '../async/deferred.js'
import { promiseOf, whenOver } from '../channel/handler-result.js'
import { SockError } from '../errors/errors.js'
import { isExpectedClose } from '../errors/expected-close.js'
import type { CheckedHandler, DatagramCallbacks, DatagramFunction } from '../channel/handler.js'
import { unexpectedArgument, wrongType } from '../options/check.js'
import type { CloseReason, ConnectionEvent, ConnectionState, DatagramServerStats } from '../server/server.js'
import { nextChannelId } from '../channel/channel-id.js'
import { ReadLimit, type ReadOptions } from '../channel/read-options.js'
import { stopController, stopFor, type StopState } from '../channel/stop-signal.js'
import { parseDestination } from './destination.js'
import { Mailbox, type Take } from './mailbox.js'
import { Outbox } from './outbox.js'
import type { DatagramPort, DatagramPortSink } from './port.js'
import { ReceivedDatagram } from './received-datagram.js'

/** What a socket belongs to: a server or a client. */
export interface DatagramHost {
  readonly transport: Transport
  readonly maxQueuedBytes: number
  /** Whether anybody observes channels. */
  readonly observed: boolean
  observe(event: ConnectionEvent): void
  handlerFailed(socket: DatagramSocket, error: Error): void
  /** The socket had an error that concerns no operation under way, and goes on. */
  failed(socket: DatagramSocket, error: Error): void
  /** The descriptor is closed. */
  closed(socket: DatagramSocket, reason: CloseReason): void
  /** And nothing of the handler is under way any more. */
  finished(socket: DatagramSocket): void
}

export type DatagramHandlerForms = CheckedHandler<DatagramFunction, DatagramCallbacks>

const NO_HANDLER: DatagramHandlerForms = { run: undefined, callbacks: undefined }

/** A datagram socket: the one mechanism behind callbacks, `read()`, `receive()` and `for await`, over any port. */
export class DatagramSocket implements DatagramChannel, DatagramPortSink {
  readonly id: number
  data: unknown = undefined

  readonly #host: DatagramHost
  readonly #port: DatagramPort
  readonly #handler: DatagramHandlerForms
  readonly #mailbox: Mailbox
  readonly #outbox: Outbox
  #stop: StopState
  readonly #announcer = new Announcer()
  readonly #dropped = { queueFull: 0, unread: 0, closing: 0 }

  /** `draining`: no more input, while the handler and what it sends come to their end. */
  #phase: 'open' | 'draining' | 'closing' | 'closed' = 'open'
  /** `left`: the handler has closed the channel, and has not returned yet. */
  #run: 'none' | 'running' | 'left' = 'none'
  /** A promise of `data` is pending, and holds further datagrams back. */
  #isBusy = false
  /** Promises of other callbacks that are pending. */
  #work = 0
  /** `null`: nothing was read yet. */
  #from: Address | undefined | null = null
  #credentials: PeerCredentials | undefined
  #received = 0
  #taken = 0
  #bytesRead = 0
  #bytesWritten = 0
  #reason: CloseReason = 'ended'
  /** Why it was closed by force. */
  #abortError: SockError | undefined
  #closed: Deferred<void> | undefined

  constructor(port: DatagramPort, host: DatagramHost, handler = NO_HANDLER, id = nextChannelId()) {
    this.id = id
    this.#host = host
    this.#port = port
    this.#handler = handler
    this.#mailbox = new Mailbox(port, host.maxQueuedBytes, (from, credentials) => {
      this.#taken += 1
      this.#from = from
      this.#credentials = credentials
    })
    this.#outbox = new Outbox(port)
  }

  get transport(): Transport {
    return this.#host.transport
  }
  get localAddress(): Address {
    return this.#port.localAddress
  }
  get remoteAddress(): Address | undefined {
    return this.#from ?? this.#port.remoteAddress
  }
  get peerCredentials(): PeerCredentials | undefined {
    return this.#credentials
  }
  get isOpen(): boolean {
    return this.#isSending && this.#run !== 'left'
  }
  get signal(): AbortSignal {
    return (this.#stop = stopController(this.#stop)).signal
  }

  // What users do.

  read(options?: ReadOptions): Promise<Buffer | null> {
    return this.#next(takeData, null, options)
  }

  receive(options?: ReadOptions): Promise<Datagram | null> {
    return this.#next(this.#datagram, null, options)
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return { next: () => this.#next(resultOfData, DONE), return: ended }
  }

  datagrams(): AsyncIterable<Datagram> {
    const result: Take<IteratorResult<Datagram, undefined>> = (data, from, truncated, credentials) => ({
      done: false,
      value: new ReceivedDatagram(this, data, from, truncated, credentials),
    })
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next(result, DONE), return: ended }) }
  }

  write(data: Uint8Array | string): Promise<void> {
    return this.isOpen ? this.reply(data, this.#from) : rejected(notOpen())
  }

  send(data: Uint8Array | string, to: Address | string): Promise<void> {
    if (typeof to === 'string') return this.#sendToText(data, to)
    if (typeof to !== 'object' || to === null) return rejected(wrongType('to', 'an address or a string', to))
    return this.isOpen ? this.#send(data, to) : rejected(notOpen())
  }

  async close(unexpected?: unknown): Promise<void> {
    if (unexpected !== undefined) throw unexpectedArgument('close()', unexpected)
    if (this.#run !== 'none') {
      // One run of a server's handler is over, and not the server.
      this.#run = 'left'
      this.#mailbox.endReader()
      await this.#outbox.whenEmpty()
    } else if (this.#handler !== NO_HANDLER) {
      await this.#outbox.whenEmpty()
    } else {
      this.drain()
      await this.#whenClosed()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // What the owner does.

  /** Begins to deliver. */
  start(): void {
    if (this.#host.observed) {
      this.#observe('new', this.#port.remoteAddress)
      this.#observe('handler', this.#port.remoteAddress)
    }
    this.#port.start(this)
    this.#call('open')
  }

  /** Whether nothing is under way but waiting for input. */
  get isIdle(): boolean {
    const isWaiting = this.#mailbox.hasReader || (this.#run === 'none' && !this.#isWorking)
    return isWaiting && this.#mailbox.isEmpty && this.#outbox.bytes === 0
  }

  stop(reason: SockError): void {
    this.#stop = stopFor(this.#stop, reason)
  }

  /** Something is under way that a callback has promised: draining waits for it, and if it fails, that is reported. */
  work(promise: PromiseLike<unknown>): void {
    this.#work += 1
    this.#await(promise, () => (this.#work -= 1))
  }

  /** Takes no more input, lets the handler and what it sends come to their end, and closes. */
  drain(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'draining'
    this.#mailbox.finish()
    this.#advance()
  }

  /** Closes now. */
  abort(reason: CloseReason, error: SockError): void {
    if (this.#isGone) return
    // First: what listeners of the signal do comes too late.
    this.#phase = 'closing'
    this.#reason = reason
    this.#abortError = error
    this.#discard()
    this.#mailbox.failReader(error)
    this.#mailbox.finish()
    this.#outbox.clear(error)
    this.#stop = stopFor(this.#stop, error)
    this.#port.close()
  }

  get isClosed(): boolean {
    return this.#phase === 'closed'
  }

  stats(): DatagramServerStats {
    return {
      open: this.#phase === 'closed' ? 0 : 1,
      handlerErrors: 0,
      datagramsReceived: this.#received,
      datagramsSent: this.#outbox.sent,
      datagramsDropped: {
        ...this.#dropped,
        kernel: this.#port.kernelDrops?.() ?? 0,
      },
      sendErrors: this.#outbox.failed,
      sendQueueBytes: this.#outbox.bytes,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
    }
  }

  // What the port does.

  received(data: Buffer, from: Address | undefined, truncated: boolean, credentials?: PeerCredentials): void {
    this.#received += 1
    this.#bytesRead += data.length
    if (this.#phase === 'open' && this.#host.observed) this.#observe('read', from)
    // An observer may have closed it.
    if (!this.#takesInput) {
      this.#dropped.closing += 1
      return
    }
    const { callbacks, run } = this.#handler
    if (callbacks?.data !== undefined && !this.#isBusy && this.#mailbox.isEmpty) {
      this.#deliver(data, from, truncated, credentials)
      return
    }
    if (!this.#mailbox.push(data, from, truncated, credentials)) this.#dropped.queueFull += 1
    else if (run !== undefined && this.#run === 'none') this.#advance()
  }

  writable(): void {
    this.#outbox.roomAgain()
  }

  failed(error: Error): void {
    // On a connected socket it is the answer to what was sent: whoever waits for one should hear of it.
    const isHeard = this.#port.remoteAddress !== undefined && this.#mailbox.failReader(error)
    if (!isHeard) this.#host.failed(this, error)
  }

  closed(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    const error = new SockError('ERR_SOCK_CLOSED', 'Channel is closed')
    this.#mailbox.failReader(error)
    this.#mailbox.finish()
    this.#outbox.clear(error)
    this.#stop = stopFor(this.#stop, error)
    this.#host.closed(this, this.#reason)
    if (this.#host.observed) this.#observe('close', this.#port.remoteAddress, this.#reason)
    this.#closed?.resolve()
    this.#call('close')
    this.#checkFinished()
  }

  // Input.

  readonly #datagram: Take<Datagram> = (data, from, truncated, credentials) =>
    new ReceivedDatagram(this, data, from, truncated, credentials)

  #next<T>(take: Take<T>, end: T, options?: ReadOptions): Promise<T> {
    let readLimit: ReadLimit | undefined
    try {
      if (options !== undefined) readLimit = new ReadLimit(options)
    } catch (error) {
      return rejected(error)
    }
    if (this.#handler.callbacks?.data !== undefined) {
      const message = 'Cannot read: input goes to the "data" callback'
      return rejected(new SockError('ERR_SOCK_INVALID_STATE', message))
    }
    if (this.#run === 'left') return Promise.resolve(end)
    return this.#mailbox.next(take, end, readLimit)
  }

  /** Starts what can be started: the next run of a handler function, the next call of `data`, or closing. */
  #advance(): void {
    const { run, callbacks } = this.#handler
    if (run !== undefined) {
      while (this.#run === 'none' && !this.#mailbox.isEmpty) this.#runOnce(run)
    } else if (callbacks?.data !== undefined) {
      while (!this.#isBusy) {
        const next = this.#mailbox.shift()
        if (next === undefined) break
        this.#deliver(next.data, next.from, next.truncated, next.credentials)
      }
    } else if (this.#phase === 'draining' && this.#work === 0) {
      // What nobody is there to read would wait for ever.
      this.#discard()
    }
    if (this.#phase === 'draining') void this.#closeWhenDone()
  }

  #runOnce(run: DatagramFunction): void {
    this.#run = 'running'
    const taken = this.#taken
    const over = (): void => {
      this.#run = 'none'
      // A read that nobody waits for any more must not take what the next run is for.
      this.#mailbox.endReader()
      if (this.#taken === taken && this.#mailbox.shift() !== undefined) this.#dropped.unread += 1
    }
    const promise = promiseOf(this, () => run(this))
    if (promise === undefined) over()
    else this.#await(promise, over)
  }

  #deliver(
    data: Buffer,
    from: Address | undefined,
    truncated: boolean,
    credentials: PeerCredentials | undefined,
  ): void {
    this.#from = from
    this.#credentials = credentials
    try {
      const result: unknown = this.#handler.callbacks?.data?.(this, data, from, truncated)
      if (result === undefined || !isThenable(result)) return
      this.#isBusy = true
      this.#await(result, () => (this.#isBusy = false))
    } catch (error) {
      this.fail(error)
    }
  }

  #call(name: 'open' | 'close'): void {
    const promise = promiseOf(this, () => this.#handler.callbacks?.[name]?.(this, this.#abortError))
    if (promise !== undefined) this.work(promise)
  }

  #await(promise: PromiseLike<unknown>, over: () => void): void {
    void whenOver(this, promise, () => {
      over()
      this.#advance()
      this.#checkFinished()
    })
  }

  /** @param remote whom it concerns: the sender of what was received, the receiver of what is sent */
  #observe(state: ConnectionState, remote: Address | undefined, reason?: CloseReason): void {
    const event = { id: this.id, state, local: this.localAddress, remote }
    this.#host.observe(reason === undefined ? event : { ...event, reason })
  }

  fail(error: unknown): void {
    // What was taken from a handler at the end is no failure of its own.
    if (this.#abortError !== undefined && isExpectedClose(error)) return
    this.#host.handlerFailed(this, asError(error))
  }

  // Output.

  /** Answers a sender, or on a connected socket the peer. */
  reply(data: Uint8Array | string, to: Address | undefined | null): Promise<void> {
    if (this.#port.remoteAddress !== undefined) return this.#send(data, undefined)
    if (to !== undefined && to !== null) return this.#send(data, to)
    return rejected(new SockError('ERR_SOCK_NO_PEER_ADDRESS', to === null ? NOTHING_READ : NO_NAME))
  }

  #sendToText(data: Uint8Array | string, to: string): Promise<void> {
    try {
      return this.send(data, parseDestination(to, this.localAddress.family))
    } catch (error) {
      return rejected(error)
    }
  }

  #send(data: Uint8Array | string, to: Address | undefined): Promise<void> {
    // A run of the handler that has closed its channel ends nothing but itself: others may still answer.
    if (!this.#isSending) return rejected(notOpen())
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    if (!types.isUint8Array(bytes)) return rejected(wrongType('data', 'a Uint8Array or a string', data))
    const { maxMessageBytes } = this.#port
    if (bytes.length > maxMessageBytes) {
      const message = `Cannot send ${bytes.length} bytes in one datagram: the limit is ${maxMessageBytes}`
      return rejected(new SockError('ERR_SOCK_MESSAGE_TOO_LARGE', message))
    }
    // The second: an observer that is told of a write may have unsubscribed before it writes itself.
    if (!this.#host.observed && !this.#announcer.isTelling) return this.#handOn(bytes, to)
    return this.#announcer.announce(
      () => this.#observe('write', to ?? this.#port.remoteAddress),
      () => (this.#isSending ? this.#handOn(bytes, to) : rejected(notOpen())),
    )
  }

  #handOn(bytes: Uint8Array, to: Address | undefined): Promise<void> {
    this.#bytesWritten += bytes.length
    return this.#outbox.send(bytes, to)
  }

  // The end.

  #discard(): void {
    this.#dropped.closing += this.#mailbox.clear()
  }

  async #closeWhenDone(): Promise<void> {
    if (!this.#isDone) return
    await this.#outbox.whenEmpty()
    if (this.#phase === 'draining' && this.#isDone) this.#close()
  }

  get #isDone(): boolean {
    return this.#run === 'none' && !this.#isWorking && this.#mailbox.isEmpty
  }

  get #isWorking(): boolean {
    return this.#isBusy || this.#work > 0
  }

  get #takesInput(): boolean {
    return this.#phase === 'open'
  }

  get #isGone(): boolean {
    return this.#phase === 'closing' || this.#phase === 'closed'
  }

  /** A server that drains lets its handler answer; a client that closes has said all. */
  get #isSending(): boolean {
    return this.#phase === 'open' || (this.#phase === 'draining' && this.#handler !== NO_HANDLER)
  }

  #close(): void {
    this.#phase = 'closing'
    this.#port.close()
  }

  #whenClosed(): Promise<void> {
    if (this.#phase === 'closed') return RESOLVED
    this.#closed ??= createDeferred()
    return this.#closed.promise
  }

  #checkFinished(): void {
    if (this.#phase === 'closed' && this.#run === 'none' && !this.#isWorking) this.#host.finished(this)
  }
}

const NO_NAME = 'Cannot reply: the sender has no name'
const NOTHING_READ = 'Cannot write: nothing was read yet, so there is nobody to answer; use send(data, to)'
const notOpen = (): SockError => new SockError('ERR_SOCK_CLOSED', 'Cannot send: channel is closed')
const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })
const takeData = (data: Buffer): Buffer | null => data
const resultOfData = (value: Buffer): IteratorResult<Buffer, undefined> => ({ done: false, value })
/** Leaving a loop early closes nothing: the socket belongs to all. */
const ended = (): Promise<IteratorReturnResult<undefined>> => Promise.resolve(DONE)

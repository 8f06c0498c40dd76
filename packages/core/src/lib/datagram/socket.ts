import type { Address } from '../address/address.js'
import { createDeferred, RESOLVED, type Deferred } from '../async/deferred.js'
import type { DatagramChannel, PeerCredentials, Transport } from '../channel/channel.js'
import { nextChannelId } from '../channel/channel-id.js'
import { stopController, stopFor, type StopState } from '../channel/stop-signal.js'
import { asError } from '../errors/as-error.js'
import { explainUnreachable } from '../errors/caller.js'
import { SockError } from '../errors/errors.js'
import { isExpectedClose } from '../errors/expected-close.js'
import type { CloseReason, ConnectionState, DatagramServerStats } from '../server/server.js'
import { HandlerRunner, type DatagramHandlerForms, type HandlerRunnerOwner } from './handler-runner.js'
import type { DatagramHost } from './host.js'
import { DatagramOutput, type OutputSocket } from './output.js'
import type { DatagramPort, DatagramPortSink } from './port.js'
import { ReceiveQueue } from './receive-queue.js'
import { SocketChannel, type ChannelSocket } from './socket-channel.js'

const NO_HANDLER: DatagramHandlerForms = { run: undefined, callbacks: undefined }

/** The life cycle of a datagram socket over any port: input, handler, output, and close. */
export class DatagramSocket implements DatagramPortSink, ChannelSocket, OutputSocket, HandlerRunnerOwner {
  /** The public object of this socket. */
  readonly channel: DatagramChannel

  readonly #host: DatagramHost
  readonly #port: DatagramPort
  readonly #hasHandler: boolean
  readonly #queue: ReceiveQueue
  readonly #output: DatagramOutput
  readonly #runner: HandlerRunner
  readonly #dropped = { queueFull: 0, closing: 0 }

  /** `draining`: no more input, while the handler and its output finish. */
  #phase: 'open' | 'draining' | 'closing' | 'closed' = 'open'
  #received = 0
  #bytesRead = 0
  #reason: CloseReason = 'ended'
  /** The error it was destroyed with. */
  #abortError: SockError | undefined
  #stop: StopState
  #closed: Deferred<void> | undefined

  constructor(port: DatagramPort, host: DatagramHost, handler = NO_HANDLER, id = nextChannelId()) {
    this.#host = host
    this.#port = port
    this.#hasHandler = handler !== NO_HANDLER
    this.#queue = new ReceiveQueue(port, host.maxQueuedBytes)
    this.#output = new DatagramOutput(port, this)
    this.channel = new SocketChannel(id, this, port, this.#queue, this.#output)
    this.#runner = new HandlerRunner(handler, this.channel, this.#queue, this)
  }

  // Called by the channel.

  get transport(): Transport {
    return this.#host.transport
  }

  get isOpen(): boolean {
    return this.isSending && !this.#runner.hasClosed
  }

  get signal(): AbortSignal {
    return (this.#stop = stopController(this.#stop)).signal
  }

  get input(): 'reader' | 'callback' | 'nobody' {
    if (this.#runner.hasData) return 'callback'
    return this.#runner.hasClosed ? 'nobody' : 'reader'
  }

  /** The user has closed the channel. */
  async close(): Promise<void> {
    if (this.#hasHandler) {
      this.#runner.leaveRun()
      await this.#output.queue.whenEmpty()
    } else {
      this.closeGracefully()
      await this.#whenClosed()
    }
  }

  // Called by the output.

  /** A draining server may still answer; a client that was closed may not send any more. */
  get isSending(): boolean {
    return this.#phase === 'open' || (this.#phase === 'draining' && this.#hasHandler)
  }

  get isObserved(): boolean {
    return this.#host.observed
  }

  /** Informs observers. @param remote the sender of a received datagram, or the receiver of a sent one */
  observe(state: ConnectionState, remote: Address | undefined, reason?: CloseReason): void {
    const event = { id: this.channel.id, state, local: this.#port.localAddress, remote }
    this.#host.observe(reason === undefined ? event : { ...event, reason })
  }

  // Called by the handler.

  handlerFailed(error: unknown): void {
    // Errors that the forced close itself has caused in the handler are not failures of the handler.
    if (this.#abortError !== undefined && isExpectedClose(error)) return
    this.#host.handlerFailed(this.channel, asError(error))
  }

  settled(): void {
    this.#advance()
    this.#checkSettled()
  }

  // Called by the owner.

  /** Begins to deliver. */
  start(): void {
    if (this.#host.observed) {
      this.observe('new', this.#port.remoteAddress)
      this.observe('handler', this.#port.remoteAddress)
    }
    this.#port.start(this)
    this.#runner.call('open')
  }

  /** Whether nothing is in progress except waiting for input. */
  get isIdle(): boolean {
    const isWaiting = this.#queue.hasReader || (!this.#runner.isRunning && !this.#runner.isWorking)
    return isWaiting && this.#queue.isEmpty && this.#output.queue.bytes === 0
  }

  get isClosed(): boolean {
    return this.#phase === 'closed'
  }

  /** Aborts the signal. */
  stop(reason: SockError): void {
    this.#stop = stopFor(this.#stop, reason)
  }

  /** Tracks a promise: draining waits for it, and its rejection counts as a failure of the handler. */
  trackPromise(promise: PromiseLike<unknown>): void {
    this.#runner.trackPromise(promise)
  }

  /** Stops the input, lets the handler and its output finish, and closes. */
  closeGracefully(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'draining'
    this.#queue.end()
    this.#advance()
  }

  /** Closes now. */
  abort(reason: CloseReason, error: SockError): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return
    // Change the phase first, so that listeners of the signal find the socket closed.
    this.#phase = 'closing'
    this.#reason = reason
    this.#abortError = error
    this.#discard()
    this.#end(error)
    this.#port.close()
  }

  stats(): DatagramServerStats {
    const { queue, bytesWritten } = this.#output
    const { queueFull, closing } = this.#dropped
    return {
      open: this.#phase === 'closed' ? 0 : 1,
      handlerErrors: 0,
      datagramsReceived: this.#received,
      datagramsSent: queue.sent,
      datagramsDropped: {
        queueFull,
        unread: this.#runner.unread,
        closing,
        kernel: this.#port.kernelDrops?.() ?? 0,
      },
      sendErrors: queue.failed,
      sendQueueBytes: queue.bytes,
      bytesRead: this.#bytesRead,
      bytesWritten,
    }
  }

  // Called by the port.

  received(data: Buffer, from: Address | undefined, truncated: boolean, credentials?: PeerCredentials): void {
    this.#received += 1
    this.#bytesRead += data.length
    if (this.#host.observed && this.#phase === 'open') this.observe('read', from)
    // An observer may have closed it.
    if (this.#phase !== 'open') this.#dropped.closing += 1
    else if (this.#runner.canDeliver) this.#deliver(data, from, truncated, credentials)
    else if (!this.#queue.push(data, from, truncated, credentials)) this.#dropped.queueFull += 1
    else if (this.#runner.isDue) this.#advance()
  }

  #deliver(
    data: Buffer,
    from: Address | undefined,
    truncated: boolean,
    credentials: PeerCredentials | undefined,
  ): void {
    this.#runner.deliver(data, from, truncated, credentials)
    // What has arrived while `data` was running.
    if (!this.#queue.isEmpty) this.#advance()
  }

  writable(): void {
    this.#output.queue.portDrained()
  }

  failed(error: Error): void {
    const peer = this.#port.remoteAddress
    // On a connected socket the error answers an earlier send, so a waiting read rejects with it.
    const isHeard = peer !== undefined && this.#queue.failReader(explainUnreachable(error, peer))
    if (!isHeard) this.#host.failed(this.channel, error)
  }

  closed(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#end(new SockError('ERR_SOCK_CLOSED', 'Channel is closed'))
    this.#host.closed(this.channel, this.#reason)
    if (this.#host.observed) this.observe('close', this.#port.remoteAddress, this.#reason)
    this.#closed?.resolve()
    this.#runner.call('close', this.#abortError)
    this.#checkSettled()
  }

  /** Lets the handler continue where it can, and closes if that was all. */
  #advance(): void {
    this.#runner.advance()
    if (this.#phase !== 'draining') return
    // Without a handler nothing will read the queue: drop it.
    if (!this.#runner.takesInput && !this.#runner.isWorking) this.#discard()
    void this.#closeWhenDone()
  }

  // Closing.

  #discard(): void {
    this.#dropped.closing += this.#queue.clear()
  }

  /** Rejects every pending operation with the error. */
  #end(error: SockError): void {
    this.#queue.failReader(error)
    this.#queue.end()
    this.#output.queue.clear(error)
    this.stop(error)
  }

  async #closeWhenDone(): Promise<void> {
    if (!this.#isDone) return
    await this.#output.queue.whenEmpty()
    if (this.#phase !== 'draining' || !this.#isDone) return
    this.#phase = 'closing'
    this.#port.close()
  }

  get #isDone(): boolean {
    return !this.#runner.isRunning && !this.#runner.isWorking && this.#queue.isEmpty
  }

  #whenClosed(): Promise<void> {
    if (this.#phase === 'closed') return RESOLVED
    this.#closed ??= createDeferred()
    return this.#closed.promise
  }

  #checkSettled(): void {
    const isOver = this.#phase === 'closed' && !this.#runner.isRunning && !this.#runner.isWorking
    if (isOver) this.#host.settled(this.channel)
  }
}

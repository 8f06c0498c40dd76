import type { Address } from '../address/address.js'
import { isThenable } from '../async/deferred.js'
import type { DatagramChannel, PeerCredentials } from '../channel/channel.js'
import type { CheckedHandler, DatagramCallbacks, DatagramFunction } from '../channel/handler.js'
import { promiseOf, followPromise, type HandlerOwner } from '../channel/handler-result.js'
import type { ReceiveQueue } from './receive-queue.js'

export type DatagramHandlerForms = CheckedHandler<DatagramFunction, DatagramCallbacks>

/** The owner of a handler, which learns how it ends. */
export interface HandlerRunnerOwner {
  /** The function or a callback threw or rejected. */
  handlerFailed(error: unknown): void
  /** A promise of the handler has settled: there may be more to do, or everything is done. */
  settled(): void
}

/**
 * Runs the handler of a socket: a function whenever a datagram is queued and it is not running; `data` for each
 * datagram, one after the other.
 */
export class HandlerRunner implements HandlerOwner {
  readonly #handler: DatagramHandlerForms
  readonly #channel: DatagramChannel
  readonly #queue: ReceiveQueue
  readonly #owner: HandlerRunnerOwner
  /** `left`: the handler has closed the channel, but has not returned yet. */
  #run: 'none' | 'running' | 'left' = 'none'
  /** A promise of `data` is pending: more datagrams are queued. */
  #isBusy = false
  /** `data` is running. What it calls, such as `shutdown()`, must not deliver the next datagram within it. */
  #isCalling = false
  /** Number of pending promises of other callbacks. */
  #pendingPromises = 0
  #unread = 0

  constructor(
    handler: DatagramHandlerForms,
    channel: DatagramChannel,
    queue: ReceiveQueue,
    owner: HandlerRunnerOwner,
  ) {
    this.#handler = handler
    this.#channel = channel
    this.#queue = queue
    this.#owner = owner
  }

  /** Number of datagrams that a run of the function was started for and did not read. */
  get unread(): number {
    return this.#unread
  }

  /** Whether the function runs. */
  get isRunning(): boolean {
    return this.#run !== 'none'
  }

  /** Whether the running function has closed its channel. */
  get hasClosed(): boolean {
    return this.#run === 'left'
  }

  /** Whether a promise of a callback is pending. */
  get isWorking(): boolean {
    return this.#isBusy || this.#pendingPromises > 0
  }

  /** Whether there is a `data` callback. */
  get hasData(): boolean {
    return this.#handler.callbacks?.data !== undefined
  }

  /** Whether the handler takes datagrams. Otherwise they wait for a `read()` from outside. */
  get takesInput(): boolean {
    return this.#handler.run !== undefined || this.hasData
  }

  /** Whether a datagram can be passed to `data` now. */
  get canDeliver(): boolean {
    return !this.#isBusy && !this.#isCalling && this.hasData && this.#queue.isEmpty
  }

  /** Whether a queued datagram starts a run of the function. */
  get isDue(): boolean {
    return this.#handler.run !== undefined && this.#run === 'none'
  }

  /** Starts what can be started: the next run of the function, or the next call of `data`. */
  advance(): void {
    const { run } = this.#handler
    if (run !== undefined) {
      while (this.#run === 'none' && !this.#queue.isEmpty) this.#runOnce(run)
    } else if (this.hasData) {
      while (!this.#isBusy && !this.#isCalling) {
        const next = this.#queue.shift()
        if (next === undefined) break
        this.deliver(next.data, next.from, next.truncated, next.credentials)
      }
    }
  }

  /** Calls `data`. */
  deliver(
    data: Buffer,
    from: Address | undefined,
    truncated: boolean,
    credentials: PeerCredentials | undefined,
  ): void {
    this.#queue.took(from, credentials)
    this.#isCalling = true
    try {
      const result: unknown = this.#handler.callbacks?.data?.(this.#channel, data, from, truncated)
      if (result === undefined || !isThenable(result)) return
      this.#isBusy = true
      this.#follow(result, () => (this.#isBusy = false))
    } catch (error) {
      this.handlerFailed(error)
    } finally {
      this.#isCalling = false
    }
  }

  /** Calls one of the other callbacks. */
  call(name: 'open' | 'close', error?: Error): void {
    const promise = promiseOf(this, () => this.#handler.callbacks?.[name]?.(this.#channel, error))
    if (promise !== undefined) this.trackPromise(promise)
  }

  /** Tracks a promise of a callback: draining waits for it, and its rejection is reported. */
  trackPromise(promise: PromiseLike<unknown>): void {
    this.#pendingPromises += 1
    this.#follow(promise, () => (this.#pendingPromises -= 1))
  }

  /** Ends the run of the function for its channel, not for the server. */
  leaveRun(): void {
    if (this.#run === 'none') return
    this.#run = 'left'
    this.#queue.endReader()
  }

  handlerFailed(error: unknown): void {
    this.#owner.handlerFailed(error)
  }

  #runOnce(run: DatagramFunction): void {
    this.#run = 'running'
    const { taken } = this.#queue
    const over = (): void => {
      this.#run = 'none'
      // A read that this run has left behind must not take the next run's datagram.
      this.#queue.endReader()
      if (this.#queue.taken === taken && this.#queue.shift() !== undefined) this.#unread += 1
    }
    const promise = promiseOf(this, () => run(this.#channel))
    if (promise === undefined) over()
    else this.#follow(promise, over)
  }

  #follow(promise: PromiseLike<unknown>, over: () => void): void {
    followPromise(this, promise, () => {
      over()
      this.#owner.settled()
    })
  }
}

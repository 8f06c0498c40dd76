import { isThenable } from '../async/deferred.js'
import type { StreamCallbacks } from '../channel/handler.js'
import type { StreamConnection } from './connection.js'
import type { Inbox } from './inbox.js'

/**
 * Calls a connection's callbacks, in order: `open`, `data`…, `end`, `close`. While a promise from `data` is pending,
 * chunks wait, so that calls never overlap and a slow one holds the peer back.
 */
export class CallbackFeed {
  readonly #connection: StreamConnection
  readonly #callbacks: StreamCallbacks
  /** Chunks that wait for `data`; made when the first has to. */
  #queue: Inbox | undefined
  /** A promise of `data` is pending. */
  #busy = false
  #openIsAsync = false
  /** Somebody reads, since there is no `data`. */
  #hasReader = false
  #inputIsOver = false
  #told: 'nothing' | 'open' | 'end' | 'close' = 'nothing'
  #closed: { error: Error | undefined } | undefined

  constructor(connection: StreamConnection, callbacks: StreamCallbacks) {
    this.#connection = connection
    this.#callbacks = callbacks
  }

  /** Whether nothing is under way but waiting for input. */
  get isIdle(): boolean {
    return !this.#connection.isWorking && (this.#queue?.isEmpty ?? true)
  }

  /** Whoever reads also decides what happens at the end of input, unless there is an `end` callback. */
  readerCame(): void {
    this.#hasReader = true
  }

  open(): void {
    this.#told = 'open'
    this.#openIsAsync = this.#call('open')
  }

  drain(): void {
    this.#call('drain')
  }

  chunk(chunk: Buffer): void {
    if (this.#busy) (this.#queue ??= this.#connection.createInbox()).push(chunk)
    else this.#deliver(chunk)
  }

  /** Drops what waits. */
  clear(): void {
    this.#queue?.clear()
  }

  /** The input is over, once what waits has been delivered. */
  end(): void {
    this.#inputIsOver = true
    this.#advance()
  }

  /** The connection is closed. After a clean end what waits is delivered first; if it broke, it is dropped. */
  close(error: Error | undefined): void {
    this.#closed = { error }
    if (error === undefined) this.#advance()
    else {
      this.clear()
      this.#tellClose()
    }
  }

  #deliver(chunk: Buffer): void {
    try {
      const result: unknown = this.#callbacks.data?.(this.#connection, chunk)
      if (result === undefined || !isThenable(result)) return
      this.#busy = true
      this.#wait(result, true)
    } catch (error) {
      this.#connection.fail(error)
    }
  }

  /** Delivers what can be delivered now. */
  #advance(): void {
    while (!this.#busy) {
      const chunk = this.#queue?.shift()
      if (chunk === undefined) break
      this.#deliver(chunk)
    }
    if (this.#busy) return
    const isAtEnd = this.#inputIsOver && this.#told === 'open' && !this.#connection.isDestroyed
    if (isAtEnd && !this.#readerDecides) this.#tellEnd()
    if (this.#closed !== undefined) this.#tellClose()
  }

  /** An async `open` that reads is like a handler function: the connection ends with it. Other readers end it themselves. */
  get #readerDecides(): boolean {
    if (!this.#hasReader || this.#callbacks.end !== undefined) return false
    return !this.#openIsAsync || this.#connection.isWorking
  }

  #tellEnd(): void {
    this.#told = 'end'
    if (this.#callbacks.end === undefined) this.#connection.finish()
    else this.#call('end')
  }

  #tellClose(): void {
    if (this.#told === 'close' || this.#told === 'nothing') return
    this.#told = 'close'
    this.#call('close', this.#closed?.error)
  }

  /** @returns whether the callback returned a promise */
  #call(name: 'open' | 'end' | 'drain' | 'close', error?: Error): boolean {
    try {
      const result = this.#callbacks[name]?.(this.#connection, error)
      if (!isThenable(result)) return false
      this.#wait(result, false)
      return true
    } catch (failure) {
      this.#connection.fail(failure)
      return false
    }
  }

  #wait(result: PromiseLike<unknown>, isData: boolean): void {
    this.#connection.work(result, () => {
      if (isData) this.#busy = false
      this.#advance()
    })
  }
}

import { isThenable } from '../../async/deferred.js'
import type { StreamCallbacks } from '../../channel/handler.js'
import { trackPromise } from './handler.js'
import type { ReceiveBuffer } from './receive-buffer.js'
import type { ConnectionRecord } from './record.js'

/**
 * Calls a connection's callbacks in order: `open`, `data`…, `end`, `close`. While a promise from `data` is pending,
 * chunks are queued, so that calls never overlap and a slow callback applies back-pressure to the peer.
 */
export class ConnectionCallbacks {
  readonly #record: ConnectionRecord
  readonly #callbacks: StreamCallbacks
  /** Chunks that wait for `data`; created for the first of them. */
  #queue: ReceiveBuffer | undefined
  /** A promise of `data` is pending. */
  #busy = false
  #openIsAsync = false
  /** `read()` or similar was used, since there is no `data`. */
  #hasReader = false
  #inputIsOver = false
  /** The latest of the callbacks that are called once. */
  #called: 'none' | 'open' | 'end' | 'close' = 'none'
  #closed: { error: Error | undefined } | undefined

  constructor(record: ConnectionRecord, callbacks: StreamCallbacks) {
    this.#record = record
    this.#callbacks = callbacks
  }

  /** Whether nothing is in progress except waiting for input. */
  get isIdle(): boolean {
    return this.#record.pending === 0 && (this.#queue?.isEmpty ?? true)
  }

  /** Whether so much is queued that reading is paused. */
  get isFull(): boolean {
    return this.#queue?.isFull ?? false
  }

  /**
   * Notes that the input is read with `read()` or similar. The reader then decides what follows the end, unless `end`
   * exists.
   */
  readerCame(): void {
    this.#hasReader = true
  }

  open(): void {
    this.#called = 'open'
    this.#openIsAsync = this.#call('open')
  }

  drain(): void {
    this.#call('drain')
  }

  chunk(chunk: Buffer): void {
    if (this.#busy) (this.#queue ??= this.#record.createReceiveBuffer()).push(chunk)
    else this.#deliver(chunk)
  }

  /** Drops all queued chunks. */
  clear(): void {
    this.#queue?.clear()
  }

  /** Calls nothing but `close` any more. */
  abandon(): void {
    this.clear()
    this.#inputIsOver = false
  }

  /** Calls `end` once all queued chunks have been delivered. */
  end(): void {
    this.#inputIsOver = true
    this.#advance()
  }

  /**
   * The connection is closed. After an orderly end, queued chunks are delivered first; if it broke, they are dropped.
   */
  close(error: Error | undefined): void {
    this.#closed = { error }
    if (error === undefined) this.#advance()
    else {
      this.clear()
      this.#callClose()
    }
  }

  #deliver(chunk: Buffer): void {
    const { port } = this.#record
    port.held?.(chunk)
    try {
      const result: unknown = this.#callbacks.data?.(this.#record.connection, chunk)
      if (result !== undefined && isThenable(result)) {
        this.#busy = true
        this.#wait(result, true)
      } else port.held?.()
    } catch (error) {
      this.#record.handlerFailed(error)
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
    const isAtEnd = this.#inputIsOver && this.#called === 'open'
    if (isAtEnd && !this.#readerDecides) this.#callEnd()
    if (this.#closed !== undefined) this.#callClose()
  }

  /**
   * An async `open` that reads is like a handler function: the connection ends when it settles. Other readers must
   * close it themselves.
   */
  get #readerDecides(): boolean {
    if (!this.#hasReader || this.#callbacks.end !== undefined) return false
    return !this.#openIsAsync || this.#record.pending > 0
  }

  #callEnd(): void {
    this.#called = 'end'
    if (this.#callbacks.end === undefined) this.#record.closeGracefully()
    else this.#call('end')
  }

  #callClose(): void {
    if (this.#called === 'close' || this.#called === 'none') return
    this.#called = 'close'
    this.#call('close', this.#closed?.error)
  }

  /** @returns whether the callback returned a promise */
  #call(name: 'open' | 'end' | 'drain' | 'close', error?: Error): boolean {
    try {
      const result = this.#callbacks[name]?.(this.#record.connection, error)
      if (!isThenable(result)) return false
      this.#wait(result, false)
      return true
    } catch (failure) {
      this.#record.handlerFailed(failure)
      return false
    }
  }

  #wait(result: PromiseLike<unknown>, isData: boolean): void {
    trackPromise(this.#record, result, () => {
      if (isData) {
        this.#busy = false
        this.#record.port.held?.()
      }
      this.#advance()
    })
  }
}

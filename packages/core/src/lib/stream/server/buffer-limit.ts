import type { ConnectionRecord } from '../connection/record.js'

/** What the limit reads and calls of a connection. */
type Buffering = Pick<ConnectionRecord, 'waitingBytes' | 'overflow'>

/** Near the limit, the queues are counted again only when another 1/16 of the limit was written. */
const COUNTS_PER_LIMIT = 16

/**
 * Limits the bytes queued for sending on all connections together. It stores nothing per connection: it adds up what
 * is written, as if no peer received anything. Only when the sum exceeds the limit does it ask all connections for
 * their real numbers.
 */
export class BufferLimit {
  readonly #limit: number
  readonly #connections: Iterable<Buffering>
  /** An upper bound of the queued bytes. */
  #sum = 0
  /** A sum above this makes all queues be counted. */
  #countAt: number

  constructor(limit: number, connections: Iterable<Buffering>) {
    this.#limit = limit
    this.#connections = connections
    this.#countAt = limit
  }

  add(bytes: number): void {
    this.#sum += bytes
    if (this.#sum > this.#countAt) this.#enforce()
  }

  /** Closes the connections with the longest queues until the limit holds. */
  #enforce(): void {
    const waiting: { readonly connection: Buffering; readonly bytes: number }[] = []
    this.#sum = 0
    for (const connection of this.#connections) {
      const bytes = connection.waitingBytes
      if (bytes > 0) waiting.push({ connection, bytes })
      this.#sum += bytes
    }
    if (this.#sum > this.#limit) {
      waiting.sort((a, b) => b.bytes - a.bytes)
      for (const { connection, bytes } of waiting) {
        this.#sum -= bytes
        connection.overflow(`"maxBufferedBytes" is ${this.#limit}`)
        if (this.#sum <= this.#limit) break
      }
    }
    // Near the limit, counting after every write would be too expensive.
    this.#countAt = Math.max(this.#limit, this.#sum + this.#limit / COUNTS_PER_LIMIT)
  }
}

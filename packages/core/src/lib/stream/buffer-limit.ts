/** Something that has bytes waiting. */
export interface BufferingConnection {
  readonly waitingBytes: number
  /** There is no more room, and this is one of those with the most. */
  overflow(limit: string): void
}

/** The bytes that were spent since the last count may be off by such a part of the limit. */
const PRECISION = 16

/**
 * How many bytes may wait to be written on all connections together. Nothing is kept per connection: what is written is
 * added up, as if nobody took any of it, and only when that sum is over the limit all are asked how much really waits.
 */
export class BufferLimit {
  readonly #limit: number
  readonly #connections: Iterable<BufferingConnection>
  /** At least what waits on those that are behind. */
  #sum = 0
  #countAt: number

  constructor(limit: number, connections: Iterable<BufferingConnection>) {
    this.#limit = limit
    this.#connections = connections
    this.#countAt = limit
  }

  add(bytes: number): void {
    this.#sum += bytes
    if (this.#sum > this.#countAt) this.#enforce()
  }

  /** Of those that wait, the ones with the most make room. */
  #enforce(): void {
    const waiting: { readonly connection: BufferingConnection; readonly bytes: number }[] = []
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
    // Close to the limit, counting again after each write would cost more than it is worth.
    this.#countAt = Math.max(this.#limit, this.#sum + this.#limit / PRECISION)
  }
}

/** Something that has bytes waiting. */
export interface Spender {
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
export class Allowance {
  readonly #limit: number
  readonly #spenders: Iterable<Spender>
  /** At least what waits on those that are behind. */
  #sum = 0
  #countAt: number

  constructor(limit: number, spenders: Iterable<Spender>) {
    this.#limit = limit
    this.#spenders = spenders
    this.#countAt = limit
  }

  spend(bytes: number): void {
    this.#sum += bytes
    if (this.#sum > this.#countAt) this.#enforce()
  }

  /** Of those that wait, the ones with the most make room. */
  #enforce(): void {
    const waiting: { readonly spender: Spender; readonly bytes: number }[] = []
    this.#sum = 0
    for (const spender of this.#spenders) {
      const bytes = spender.waitingBytes
      if (bytes > 0) waiting.push({ spender, bytes })
      this.#sum += bytes
    }
    if (this.#sum > this.#limit) {
      waiting.sort((a, b) => b.bytes - a.bytes)
      for (const { spender, bytes } of waiting) {
        this.#sum -= bytes
        spender.overflow(`"maxBufferedBytes" is ${this.#limit}`)
        if (this.#sum <= this.#limit) break
      }
    }
    // Close to the limit, counting again after each write would cost more than it is worth.
    this.#countAt = Math.max(this.#limit, this.#sum + this.#limit / PRECISION)
  }
}

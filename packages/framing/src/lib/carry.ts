const SMALLEST = 64
const EMPTY = Buffer.alloc(0)

/**
 * Received bytes that wait for more. They are copied, so that input that arrives byte by byte does not keep a chunk
 * per byte in memory. The buffer grows with the received bytes, never with the length that a peer declares.
 */
export class Carry {
  #bytes: Buffer = EMPTY
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  /** The bytes, without a copy: valid until the next call. */
  get view(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  append(chunk: Buffer, from: number, to: number): void {
    const needed = this.length + to - from
    if (this.#end + to - from > this.#bytes.length) {
      // Not from Node's pool: the result of take() belongs to the user, who may keep it.
      const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST, needed, 2 * this.length))
      this.#bytes.copy(larger, 0, this.#start, this.#end)
      this.#bytes = larger
      this.#end -= this.#start
      this.#start = 0
    }
    chunk.copy(this.#bytes, this.#end, from, to)
    this.#end += to - from
  }

  /** Drops the first bytes. */
  drop(count: number): void {
    this.#start += Math.max(0, Math.min(count, this.length))
    if (this.#start === this.#end) this.take()
  }

  /** Returns the bytes, and starts again with an empty buffer. */
  take(): Buffer {
    const { view } = this
    this.#bytes = EMPTY
    this.#start = 0
    this.#end = 0
    return view
  }
}

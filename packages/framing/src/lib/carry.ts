const SMALLEST = 64
/**
 * From this size on, memory comes from Node's pool: a separate allocation costs a microsecond, and more in the
 * garbage collector. Below this size, a few bytes could keep a whole pool in memory: 8 KiB, or 64 KiB with Node 26.
 */
const POOLED = Buffer.poolSize / 8
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

  /** @param total the final size of the bytes, if it is known: it is allocated at once when half of it has arrived */
  append(chunk: Buffer, from: number, to: number, total = 0): void {
    const needed = this.length + to - from
    if (this.#end + to - from > this.#bytes.length) {
      const larger = allocate(Math.max(SMALLEST, needed, 2 * this.length, Math.min(total, 2 * needed)))
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
    this.#start += count
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

function allocate(size: number): Buffer {
  return size < POOLED ? Buffer.allocUnsafeSlow(size) : Buffer.allocUnsafe(size)
}

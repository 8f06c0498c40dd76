import { markReused } from '@sock/core/stream'

/** Builds for tests fill chunks that are not valid any more with this byte. */
const INVALID_BYTE = 0xdb

/** The slabs that reused chunks are read into, and how many of their chunks are in use. The addon counts them up. */
export class ReusedChunks {
  /** The memory of each slab. The addon replaces what is full and still in use. */
  readonly #memory: readonly ArrayBuffer[]
  readonly #inUse: Int32Array
  readonly #isChecked: boolean
  /** The memory that core was told about last. */
  #marked: ArrayBuffer | undefined
  /** In builds for tests: the bytes that wait to be sent. */
  readonly #waiting = new Set<Uint8Array>()

  /** @param isChecked whether to overwrite chunks that are not valid any more */
  constructor(memory: readonly ArrayBuffer[], inUse: Int32Array, isChecked: boolean) {
    this.#memory = memory
    this.#inUse = inUse
    this.#isChecked = isChecked
  }

  /** Tells core that this memory is read into again. Called before a chunk is delivered. */
  mark(memory: ArrayBuffer): void {
    if (this.#marked === memory) return
    this.#marked = memory
    markReused(memory)
  }

  /** The chunk is not valid any more. */
  giveBack(chunk: Buffer): void {
    // Its memory may have been transferred.
    if (this.#isChecked && chunk.length > 0 && !this.#isWaiting(chunk)) chunk.fill(INVALID_BYTE)
    this.#count(chunk, -1)
  }

  /** These bytes wait to be sent: if they are in a slab, it is not read into meanwhile. That costs less than a copy. */
  retain(data: Uint8Array): void {
    if (this.#memory.length === 0) return
    this.#count(data, 1)
    if (this.#isChecked) this.#waiting.add(data)
  }

  /** These bytes were sent, or will not be. */
  release(data: Uint8Array): void {
    if (this.#memory.length === 0) return
    this.#count(data, -1)
    this.#waiting.delete(data)
  }

  #count(data: Uint8Array, change: number): void {
    const place = this.#memory.indexOf(data.buffer as ArrayBuffer)
    // The slab may have been replaced: then nothing is read into this memory again.
    if (place >= 0) (this.#inUse[place] as number) += change
  }

  #isWaiting(chunk: Uint8Array): boolean {
    const from = chunk.byteOffset
    const to = from + chunk.length
    for (const { buffer, byteOffset, length } of this.#waiting)
      if (buffer === chunk.buffer && byteOffset < to && byteOffset + length > from) return true
    return false
  }
}

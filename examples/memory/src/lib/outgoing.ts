/** Bytes that one side has written and the other has not taken: the one queue of a direction. */
export class Outgoing {
  #chunks: Uint8Array[] = []
  /** How much of the first chunk is gone. */
  #offset = 0
  /** How many wait. */
  bytes = 0
  /** How many were taken so far. */
  taken = 0

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.bytes += chunk.length
  }

  /** Takes at most so many, as a copy: the writer may use its buffer again, and the reader owns what it gets. */
  take(most: number): Buffer {
    const piece = Buffer.allocUnsafe(Math.min(most, this.bytes))
    for (let at = 0; at < piece.length;) {
      const first = this.#chunks[0] as Uint8Array
      const part = first.subarray(this.#offset, this.#offset + piece.length - at)
      piece.set(part, at)
      at += part.length
      this.#offset += part.length
      if (this.#offset < first.length) break
      this.#chunks.shift()
      this.#offset = 0
    }
    this.bytes -= piece.length
    this.taken += piece.length
    return piece
  }

  clear(): void {
    this.#chunks = []
    this.#offset = 0
    this.bytes = 0
  }
}

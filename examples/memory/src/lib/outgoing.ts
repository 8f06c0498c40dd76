/** Bytes that one side has written and the other has not read: the queue of one direction. */
export class Outgoing {
  #chunks: Uint8Array[] = []
  /** How many bytes of the first chunk have been read. */
  #offset = 0
  /** Number of queued bytes. */
  bytes = 0
  /** Number of bytes read so far. */
  taken = 0

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.bytes += chunk.length
  }

  /** Returns a copy of at most `most` bytes: the writer may reuse its buffer, and the reader owns what it gets. */
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

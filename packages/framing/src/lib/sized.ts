import { Carry } from './carry.js'
import { bytesOf, incomplete, malformed, tooLarge, type Codec, type Decoder, type Emit } from './codec.js'

/** The parts around a body whose length stands in front of it. One object serves all connections. */
export interface Format {
  /**
   * Reads the head in `bytes`, from `at` to `end`, and sets `found.length` to the length of the body.
   *
   * @returns its size in bytes; -1 if more bytes must come
   * @throws SockError `ERR_SOCK_FRAME_MALFORMED`, or `ERR_SOCK_FRAME_TOO_LARGE` if it would never end
   */
  readHead(bytes: Buffer, at: number, end: number, found: { length: number }): number
  /** Returns the head of a body with this length. @throws SockError if there is none */
  writeHead(length: number): Uint8Array
  /** The bytes after the body. */
  readonly tail: Buffer
}

/** The largest body that is copied behind its head: one small write costs less than two. In bytes. */
const COPY_LIMIT = 16_384

/** Returns a codec for frames of this format, with bodies of up to `maxBytes`. */
export function sized(format: Format, maxBytes: number): Codec<Buffer, Uint8Array | string> {
  return {
    decoder: () => new SizedDecoder(format, maxBytes),
    encode(message) {
      const body = bytesOf(message)
      const head = format.writeHead(body.length)
      const isLarge = body.length > COPY_LIMIT && format.tail.length === 0
      return isLarge ? [head, body] : Buffer.concat([head, body, format.tail])
    },
  }
}

class SizedDecoder implements Decoder<Buffer> {
  readonly #format: Format
  readonly #maxBytes: number
  readonly #carry = new Carry()
  /** Sizes of the head and of the whole frame; 0 until the head is complete. */
  #head = 0
  #total = 0
  /** The length of the body, as the format has found it. */
  length = 0

  constructor(format: Format, maxBytes: number) {
    this.#format = format
    this.#maxBytes = maxBytes
  }

  get bufferedBytes(): number {
    return this.#carry.length
  }

  push(chunk: Buffer, emit: Emit<Buffer>, from: number): number {
    let at = from
    while (at < chunk.length) {
      const start = at
      let frame: Buffer
      if (this.#isWhole(chunk, at)) {
        at += this.#total
        frame = this.#body(chunk, start)
      } else {
        at = this.#keep(chunk, at)
        if (this.#total === 0 || this.#carry.length < this.#total) return at
        frame = this.#body(this.#carry.take(), 0)
      }
      if (!emit(frame)) return at
    }
    return at
  }

  end(): void {
    if (this.#carry.length === 0) return
    const missing = this.#total === 0 ? 'of its header' : `of ${this.#total}`
    this.#total = 0
    throw incomplete(this.#carry.take(), `${missing} when the input ended`)
  }

  /** Whether a frame begins here and ends in this chunk: it is not copied. */
  #isWhole(chunk: Buffer, at: number): boolean {
    if (this.#carry.length > 0 || !this.#readHead(chunk, at, chunk.length)) return false
    return at + this.#total <= chunk.length
  }

  /** Keeps what the chunk has of a frame. @returns where it ends */
  #keep(chunk: Buffer, from: number): number {
    let at = from
    // One byte at a time, so that a short frame takes no bytes of the next one.
    while (this.#total === 0 && at < chunk.length) {
      this.#carry.append(chunk, at, at + 1)
      at += 1
      this.#readHead(this.#carry.view, 0, this.#carry.length)
    }
    const end = Math.min(chunk.length, at + Math.max(0, this.#total - this.#carry.length))
    this.#carry.append(chunk, at, end, this.#total)
    return end
  }

  #readHead(bytes: Buffer, at: number, end: number): boolean {
    const size = this.#format.readHead(bytes, at, end, this)
    if (size === -1) return false
    if (this.length > this.#maxBytes) throw tooLarge(this.length, 'maxBytes', this.#maxBytes)
    this.#head = size
    this.#total = size + this.length + this.#format.tail.length
    return true
  }

  #body(bytes: Buffer, at: number): Buffer {
    const { tail } = this.#format
    const end = at + this.#head + this.length
    this.#total = 0
    for (let i = 0; i < tail.length; i++) {
      if (bytes[end + i] !== tail[i]) throw malformed(`Frame does not end in "${tail.toString('latin1')}"`)
    }
    return bytes.subarray(at + this.#head, end)
  }
}

import { Carry } from './carry.js'
import { incomplete, tooLarge, type Decoder, type Emit } from './codec.js'

/** The parts around a frame with a declared length. One object serves one decoder. */
export interface Header {
  /** The length of the body, once `read` has found it. */
  length: number
  /**
   * Reads the header in `bytes`, from `at` to `end`.
   *
   * @returns its size in bytes; -1 if more bytes must come
   * @throws SockError `ERR_SOCK_FRAME_MALFORMED`, or `ERR_SOCK_FRAME_TOO_LARGE` for a length that a number cannot
   * hold
   */
  read(bytes: Buffer, at: number, end: number): number
  /** Number of bytes after the body. */
  readonly trailer: number
  /** Checks the bytes after the body. @throws SockError `ERR_SOCK_FRAME_MALFORMED` if they are wrong */
  checkTrailer?(bytes: Buffer, at: number): void
}

/** Decodes frames with a declared length. */
export class LengthDecoder implements Decoder<Buffer> {
  readonly #header: Header
  readonly #maxBytes: number
  readonly #carry = new Carry()
  /** Sizes of the header and of the whole frame in `#carry`; 0 until the header is complete. */
  #headerSize = 0
  #total = 0
  /** Where to continue in the chunk. */
  #next = 0

  constructor(header: Header, maxBytes: number) {
    this.#header = header
    this.#maxBytes = maxBytes
  }

  get bufferedBytes(): number {
    return this.#carry.length
  }

  push(chunk: Buffer, emit: Emit<Buffer>, from: number): number {
    let at = from
    while (at < chunk.length) {
      const frame = this.#carry.length > 0 ? this.#goOn(chunk, at) : this.#begin(chunk, at)
      at = this.#next
      if (frame !== undefined && !emit(frame)) return at
    }
    return at
  }

  end(): void {
    if (this.#carry.length === 0) return
    const missing = this.#total === 0 ? 'of its header' : `of ${this.#total}`
    this.#total = 0
    throw incomplete(this.#carry.take(), `${missing} when the input ended`)
  }

  /** Returns a frame that is complete within the chunk, without a copy. */
  #begin(chunk: Buffer, at: number): Buffer | undefined {
    if (this.#readHeader(chunk, at, chunk.length) && at + this.#total <= chunk.length) {
      this.#next = at + this.#total
      return this.#body(chunk, at)
    }
    this.#carry.append(chunk, at, chunk.length)
    this.#next = chunk.length
    return undefined
  }

  #goOn(chunk: Buffer, from: number): Buffer | undefined {
    let at = from
    // One byte at a time, so that a short frame takes no bytes of the next one.
    while (this.#total === 0 && at < chunk.length) {
      this.#carry.append(chunk, at, at + 1)
      at += 1
      this.#readHeader(this.#carry.view, 0, this.#carry.length)
    }
    this.#next = Math.min(chunk.length, at + Math.max(0, this.#total - this.#carry.length))
    this.#carry.append(chunk, at, this.#next)
    const isWhole = this.#total > 0 && this.#carry.length === this.#total
    return isWhole ? this.#body(this.#carry.take(), 0) : undefined
  }

  #readHeader(bytes: Buffer, at: number, end: number): boolean {
    const size = this.#header.read(bytes, at, end)
    if (size === -1) return false
    const { length, trailer } = this.#header
    if (length > this.#maxBytes) throw tooLarge(length, 'maxBytes', this.#maxBytes)
    this.#headerSize = size
    this.#total = size + length + trailer
    return true
  }

  #body(bytes: Buffer, at: number): Buffer {
    const end = at + this.#total - this.#header.trailer
    this.#total = 0
    this.#header.checkTrailer?.(bytes, end)
    return bytes.subarray(at + this.#headerSize, end)
  }
}

import { Carry } from './carry.js'
import { bytesOf, incomplete, malformed, tooLarge, type Codec, type Decoder, type Emit } from './codec.js'

/** Frames whose head contains the length of their body. One object serves all connections. */
export interface PrefixFormat {
  /** The largest body that is accepted. */
  readonly maxBytes: number
  /** The bytes after the body. Default: none. */
  readonly tail?: Buffer | undefined
  /**
   * Reads the head in `bytes`, from `at` to `end`, and sets `found.length` to the length of the body.
   *
   * @returns its size in bytes; -1 if more bytes must come
   * @throws SockError `ERR_SOCK_FRAME_MALFORMED`, or `ERR_SOCK_FRAME_TOO_LARGE` if it would never end
   */
  read(bytes: Buffer, at: number, end: number, found: { length: number }): number
  /** Returns the head of a body with this length. @throws SockError if there is none */
  write(length: number): Uint8Array
}

/** The largest body that is copied behind its head: one small write costs less than two. In bytes. */
const COPY_LIMIT = 16_384
/** 2^53 in digits, and what follows them. In bytes. */
const LONGEST_HEAD = 17

/** Returns the codec for a format. */
export function prefixed(format: PrefixFormat): Codec<Buffer, Uint8Array | string> {
  return {
    decoder: () => new PrefixedDecoder(format),
    encode(message) {
      const body = bytesOf(message)
      const parts = [format.write(body.length), body]
      if (format.tail !== undefined) parts.push(format.tail)
      else if (body.length > COPY_LIMIT) return parts
      return Buffer.concat(parts)
    },
  }
}

class PrefixedDecoder implements Decoder<Buffer> {
  readonly #format: PrefixFormat
  readonly #carry = new Carry()
  /** Sizes of the head and of the whole frame; 0 until the head is complete. */
  #head = 0
  #total = 0
  /** The length of the body, as the format has found it. */
  length = 0

  constructor(format: PrefixFormat) {
    this.#format = format
  }

  get bufferedBytes(): number {
    return this.#carry.length
  }

  push(chunk: Buffer, emit: Emit<Buffer>, from: number): number {
    const carry = this.#carry
    let at = from
    while (at < chunk.length) {
      const start = at
      at = Math.min(chunk.length, start + this.#missing(chunk, start))
      let frame: Buffer
      if (at - start === this.#total) frame = this.#cut(chunk, start)
      else {
        carry.append(chunk, start, at, this.#total)
        if (carry.length !== this.#total) break
        frame = this.#cut(carry.take(), 0)
      }
      if (!emit(frame)) break
    }
    return at
  }

  end(): void {
    if (this.#carry.length === 0) return
    const missing = this.#total === 0 ? 'of its header' : `of ${this.#total}`
    this.#total = 0
    throw incomplete(this.#carry.take(), `${missing} when the input ended`)
  }

  /** Returns how many bytes of the frame are missing; at least all of the chunk until its head is complete. */
  #missing(chunk: Buffer, at: number): number {
    if (this.#total === 0) {
      const { maxBytes, tail } = this.#format
      const size = this.#readHead(chunk, at)
      if (size === -1) return chunk.length
      if (this.length > maxBytes) throw tooLarge(this.length, 'maxBytes', maxBytes)
      this.#head = size
      this.#total = size + this.length + (tail?.length ?? 0)
    }
    return this.#total - this.#carry.length
  }

  #readHead(chunk: Buffer, at: number): number {
    if (this.#carry.length === 0) return this.#format.read(chunk, at, chunk.length, this)
    const bytes = Buffer.concat([this.#carry.view, chunk.subarray(at, at + LONGEST_HEAD)])
    return this.#format.read(bytes, 0, bytes.length, this)
  }

  #cut(bytes: Buffer, at: number): Buffer {
    const { tail } = this.#format
    const end = at + this.#head + this.length
    if (tail !== undefined && !bytes.subarray(end, end + tail.length).equals(tail))
      throw malformed(`Frame does not end in "${tail.toString('latin1')}"`)
    this.#total = 0
    return bytes.subarray(at + this.#head, end)
  }
}

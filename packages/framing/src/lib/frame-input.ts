import type { Codec, Decoder } from './codec.js'

/** Means that more bytes must come. */
export const NOTHING: unique symbol = Symbol('no frame')

const EMPTY = Buffer.alloc(0)
/** Frames that are decoded at once: frames that a slow handler has not read must not fill the memory. */
const BATCH = 64

/** The frames of one connection, one at a time. Only a few frames are decoded ahead. */
export class FrameInput<In> {
  readonly #codec: Codec<In, never>
  #decoder: Decoder<In>
  #chunk: Buffer = EMPTY
  #at = 0
  /** The decoded frames, and the index of the next. */
  #frames: In[] = []
  #next = 0
  /** The error after the decoded frames. */
  #error: Error | undefined
  #skipped = 0

  constructor(codec: Codec<In, never>) {
    this.#codec = codec
    this.#decoder = codec.decoder()
  }

  /** Whether only a part of a frame has arrived. */
  get isPartial(): boolean {
    return !this.hasMore && (this.#decoder.bufferedBytes ?? 0) > 0
  }

  /** Whether the next frame may have arrived. */
  get hasMore(): boolean {
    return this.#next < this.#frames.length || this.#at < this.#chunk.length
  }

  get skipped(): number {
    return this.#skipped + (this.#decoder.skipped ?? 0)
  }

  /** Adds a chunk. Call it only when `next()` has no frame. */
  push(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  /** Returns the next frame that has arrived. @throws SockError the decoder's error */
  next(): In | typeof NOTHING {
    if (this.#next === this.#frames.length && this.#at < this.#chunk.length) this.#decode()
    if (this.#next < this.#frames.length) return this.#frames[this.#next++] as In
    if (this.#error !== undefined) throw this.#error
    return NOTHING
  }

  /** Ends the input: the remaining bytes may be the last frame. @throws SockError `ERR_SOCK_FRAME_INCOMPLETE` */
  end(): void {
    this.#forgetFrames()
    this.#decoder.end(this.#emit)
  }

  /** Returns the bytes of the incomplete frame, if the decoder provides them. */
  takePartial(): Buffer {
    try {
      this.end()
    } catch (error) {
      return (error as { partial?: Buffer }).partial ?? EMPTY
    }
    const frame: unknown = this.#frames[0]
    this.#forgetFrames()
    return typeof frame === 'string' || frame instanceof Uint8Array ? Buffer.from(frame as string) : EMPTY
  }

  /** Drops all received bytes. */
  reset(): void {
    this.#skipped = this.skipped
    this.#decoder = this.#codec.decoder()
    this.push(EMPTY)
    this.#forgetFrames()
    this.#error = undefined
  }

  #decode(): void {
    this.#forgetFrames()
    const chunk = this.#chunk
    try {
      this.#at = this.#decoder.push(chunk, this.#emit, this.#at) ?? chunk.length
    } catch (error) {
      this.#error = error as Error
      this.#at = chunk.length
    }
    if (this.#at === chunk.length) this.push(EMPTY)
  }

  #forgetFrames(): void {
    this.#frames.length = 0
    this.#next = 0
  }

  readonly #emit = (frame: In): boolean => this.#frames.push(frame) < BATCH
}

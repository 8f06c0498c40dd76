import type { Codec, Decoder } from './codec.js'

/** Says that more has to come. */
export const NOTHING: unique symbol = Symbol('no frame')

const EMPTY = Buffer.alloc(0)
/** Frames that are decoded in one go: what a slow handler has not asked for must not fill the memory. */
const BATCH = 64

/** The frames of one connection, one at a time: of what nobody has asked for, only a few are decoded. */
export class FrameInput<In> {
  readonly #codec: Codec<In, never>
  #decoder: Decoder<In>
  #chunk: Buffer = EMPTY
  #at = 0
  /** Frames that are decoded, and the next of them. */
  #frames: In[] = []
  #next = 0
  /** What is wrong behind the frames that are decoded. */
  #error: Error | undefined
  #skipped = 0

  constructor(codec: Codec<In, never>) {
    this.#codec = codec
    this.#decoder = codec.decoder()
  }

  /** Whether nothing but a part of a frame is here. */
  get isPartial(): boolean {
    return !this.hasMore && (this.#decoder.bufferedBytes ?? 0) > 0
  }

  /** Whether the next frame may be here. */
  get hasMore(): boolean {
    return this.#next < this.#frames.length || this.#at < this.#chunk.length
  }

  get skipped(): number {
    return this.#skipped + (this.#decoder.skipped ?? 0)
  }

  /** To be called when `next()` has nothing. */
  push(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  /** The next frame of what has come. @throws SockError what the decoder says is wrong */
  next(): In | typeof NOTHING {
    if (this.#next === this.#frames.length && this.#at < this.#chunk.length) this.#decode()
    if (this.#next < this.#frames.length) return this.#frames[this.#next++] as In
    if (this.#error !== undefined) throw this.#error
    return NOTHING
  }

  /** No more comes: what is left may be the last frame. @throws SockError `ERR_SOCK_FRAME_INCOMPLETE` */
  end(): void {
    this.#forgetFrames()
    this.#decoder.end(this.#emit)
  }

  /** Takes the bytes of the frame that is not complete, as far as the decoder gives them away. */
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

  /** Forgets what has come. */
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

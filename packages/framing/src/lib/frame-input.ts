import type { Codec, Decoder } from './codec.js'

/** Says that more has to come. */
export const NOTHING: unique symbol = Symbol('no frame')

const EMPTY = Buffer.alloc(0)

/** The frames of one connection, one at a time: what nobody has asked for is not decoded. */
export class FrameInput<In> {
  readonly #codec: Codec<In, never>
  #decoder: Decoder<In>
  #chunk: Buffer = EMPTY
  #at = 0
  #frame: In | typeof NOTHING = NOTHING
  /** Frames of a decoder that goes on although it was told to stop. */
  #waiting: In[] = []
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
    return this.#frame !== NOTHING || this.#at < this.#chunk.length
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
    if (this.#frame === NOTHING && this.#at < this.#chunk.length) {
      const chunk = this.#chunk
      const at = this.#decoder.push(chunk, this.#emit, this.#at)
      this.#at = at ?? chunk.length
      if (this.#at === chunk.length) this.#chunk = EMPTY
      if (this.#chunk === EMPTY) this.#at = 0
    }
    const frame = this.#frame
    if (frame !== NOTHING) this.#frame = this.#waiting.length > 0 ? (this.#waiting.shift() as In) : NOTHING
    return frame
  }

  /** No more comes: what is left may be the last frame. @throws SockError `ERR_SOCK_FRAME_INCOMPLETE` */
  end(): void {
    this.#decoder.end(this.#emit)
  }

  /** Takes the bytes of the frame that is not complete, as far as the decoder gives them away. */
  takePartial(): Buffer {
    try {
      this.#decoder.end(this.#emit)
    } catch (error) {
      return (error as { partial?: Buffer }).partial ?? EMPTY
    }
    const frame: unknown = this.#frame
    this.#frame = NOTHING
    return typeof frame === 'string' || frame instanceof Uint8Array ? Buffer.from(frame as string) : EMPTY
  }

  /** Forgets what has come. */
  reset(): void {
    this.#skipped = this.skipped
    this.#decoder = this.#codec.decoder()
    this.push(EMPTY)
    this.#frame = NOTHING
    this.#waiting = []
  }

  readonly #emit = (frame: In): boolean => {
    if (this.#frame === NOTHING) this.#frame = frame
    else this.#waiting.push(frame)
    return false
  }
}

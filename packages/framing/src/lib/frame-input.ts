import { asError, isThenable, wrongType } from '@sock/core/transport'
import { incomplete, type Codec, type Decoder } from './codec.js'

/** Means that more bytes must come. */
export const NOTHING: unique symbol = Symbol('no frame')

/**
 * Whether the input ends with a chunk: `cut` means that the rest of a datagram is lost, since a buffer was too small.
 */
export type InputEnd = 'open' | 'whole' | 'cut'

const EMPTY = Buffer.alloc(0)
/** The limit of frames that are decoded ahead: frames that wait for a slow handler must not fill the memory. */
const BATCH = 64

/** The frames of one connection, one at a time. Only a few frames are decoded ahead. */
export class FrameInput<In> {
  readonly #decoder: Decoder<In>
  /** The chunk until it is decoded, how far it is, and whether the input ends with it. */
  #chunk: Buffer | undefined
  #at = 0
  #end: InputEnd = 'open'
  /** The decoded frames, and the index of the next. */
  readonly #frames: (In | undefined)[] = []
  #next = 0
  /** The error after the decoded frames. */
  #error: Error | undefined

  /** @throws TypeError unless the codec makes a decoder; what `decoder()` throws */
  constructor(codec: Codec<In, never>) {
    this.#decoder = codec.decoder()
    checkDecoder(this.#decoder)
  }

  get hasFrame(): boolean {
    while (this.#next === this.#frames.length && this.#chunk !== undefined) this.#decode(this.#chunk)
    return this.#next < this.#frames.length
  }

  /** Whether `next()` has a frame, or an error. */
  get isReady(): boolean {
    return this.hasFrame || this.#error !== undefined
  }

  /** Whether all that was pushed has been decoded and returned, but for a part of a frame. */
  get isEmpty(): boolean {
    return this.#next === this.#frames.length && this.#chunk === undefined && this.#error === undefined
  }

  /** Number of bytes of a frame of which a part has arrived. */
  get partialBytes(): number {
    return this.#decoder.bufferedBytes ?? 0
  }

  get skipped(): number {
    return this.#decoder.skipped ?? 0
  }

  /** Adds a chunk. Call it only when `next()` has no frame. */
  push(chunk: Buffer, end: InputEnd = 'open'): void {
    this.#chunk = chunk
    this.#at = 0
    this.#end = end
  }

  /** Ends the input: the remaining bytes are the last frame, or a part of one. */
  end(): void {
    this.push(EMPTY, 'whole')
  }

  /** Returns the next frame that has arrived. @throws the decoder's error */
  next(): In | typeof NOTHING {
    if (this.hasFrame) {
      const frame = this.#frames[this.#next] as In
      // Do not keep a frame that was read until the next chunk arrives: it would keep its own chunk in memory.
      this.#frames[this.#next++] = undefined
      return frame
    }
    if (this.#error !== undefined) throw this.#error
    return NOTHING
  }

  /** Returns the bytes of the incomplete frame, if the decoder provides them. */
  takePartial(): Buffer {
    let partial: unknown
    try {
      this.#decoder.end((frame) => {
        partial = frame
        return false
      })
    } catch (error) {
      partial = (error as { partial?: Buffer } | undefined)?.partial
    }
    const isBytes = typeof partial === 'string' || partial instanceof Uint8Array
    return isBytes ? Buffer.from(partial as string) : EMPTY
  }

  #decode(chunk: Buffer): void {
    this.#frames.length = 0
    this.#next = 0
    try {
      if (this.#at < chunk.length) {
        const at = this.#decoder.push(chunk, this.#emit, this.#at) ?? chunk.length
        // A decoder that does not advance would be called for ever.
        if (!(Number.isInteger(at) && at > this.#at && at <= chunk.length))
          throw notAnIndex(at, this.#at, chunk)
        this.#at = at
      }
      if (this.#at === chunk.length) this.#endChunk()
    } catch (error) {
      this.#chunk = undefined
      this.#error = asError(error)
    }
  }

  /** Ends the chunk, and with it the input, if nothing follows. */
  #endChunk(): void {
    this.#chunk = undefined
    if (this.#end === 'whole') this.#decoder.end(this.#emit)
    if (this.#end === 'cut') throw incomplete(this.takePartial(), 'before the datagram was cut off')
  }

  readonly #emit = (frame: In): boolean => this.#frames.push(frame) < BATCH
}

function checkDecoder(decoder: unknown): void {
  const { push, end } = (decoder ?? {}) as Record<'push' | 'end', unknown>
  if (typeof push === 'function' && typeof end === 'function') return
  throw wrongType('codec.decoder()', 'an object with push() and end()', decoder)
}

/** Returns the error for a wrong result of a decoder's `push()`. */
function notAnIndex(result: unknown, from: number, chunk: Buffer): TypeError {
  // This error says that push() must not be async; a rejection would say it again, and end the process.
  if (isThenable(result)) Promise.resolve(result).catch(() => undefined)
  const expected = `nothing, or the index where it stopped, from ${from + 1} to ${chunk.length}`
  return wrongType('push() of the decoder', expected, result)
}

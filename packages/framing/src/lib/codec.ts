import { SockError } from '@sock/core'
import { check, wrongType, type Check } from '@sock/core/transport'

/** Receives a complete frame. If it returns `false`, the decoder should stop there; see {@link Decoder.push}. */
export type Emit<Frame> = (frame: Frame) => boolean

/** Splits the bytes of one connection, or of one datagram, into frames. It is synchronous. */
export interface Decoder<Frame> {
  /**
   * Decodes the bytes of a chunk from `from` on. Calls `emit` for each complete frame, and keeps the beginning of the
   * next one.
   *
   * @returns the index in the chunk where it stopped, if it stops when `emit` returns `false`; it is called again for
   * the rest, so it must be greater than `from`. A decoder that returns nothing decodes the whole chunk: its frames then
   * wait in memory while the handler is busy. Any other result is a TypeError, and resets the connection
   * @throws SockError `ERR_SOCK_FRAME_TOO_LARGE` or `ERR_SOCK_FRAME_MALFORMED`; the decoder is not used again after
   * that
   */
  push(chunk: Buffer, emit: Emit<Frame>, from: number): number | void
  /**
   * Ends the input. Calls `emit` once if the remaining bytes are a frame. Afterwards the decoder starts again.
   *
   * @throws SockError `ERR_SOCK_FRAME_INCOMPLETE` if they are only a part of one
   */
  end(emit: Emit<Frame>): void
  /**
   * Number of bytes of an incomplete frame that have arrived, also of one that is being skipped. While there are some, a
   * graceful shutdown waits, and `frameTimeout` limits their time. Default: unknown, so it does not wait.
   */
  readonly bufferedBytes?: number
  /** Number of frames that were discarded because they were too long. Default: 0. */
  readonly skipped?: number
}

/** Converts messages to bytes and bytes to messages. One codec serves any number of connections. */
export interface Codec<In, Out = In> {
  /** Returns a decoder for one connection. */
  decoder(): Decoder<In>
  /**
   * Returns the bytes of a message with its framing, in one piece or several.
   *
   * @throws SockError `ERR_SOCK_FRAME_TOO_LARGE` or `ERR_SOCK_FRAME_MALFORMED` for a message that the other side
   * could not decode
   */
  encode(message: Out): Uint8Array | Uint8Array[]
}

/** Returns the error for a frame over a limit. @param option the limit's name, for example `maxBytes` */
export function tooLarge(size: number | bigint, option: string, limit: number): SockError {
  const message = `Frame is too large: ${size} bytes, and ${option} is ${limit}`
  return new SockError('ERR_SOCK_FRAME_TOO_LARGE', message)
}

/** Returns the error for a frame that breaks the rules. @param what says what is wrong, without a full stop */
export function malformed(what: string, cause?: unknown): SockError {
  return new SockError('ERR_SOCK_FRAME_MALFORMED', what, cause === undefined ? {} : { cause })
}

/**
 * Returns the error for a part of a frame.
 *
 * @param why says why no more bytes come
 * @param size how many had arrived, if not all of them were kept
 */
export function incomplete(partial: Buffer, why: string, size = partial.length): SockError {
  const message = `Frame is incomplete: ${size} bytes had arrived ${why}`
  return new SockError('ERR_SOCK_FRAME_INCOMPLETE', message, { partial })
}

/** Returns the bytes of a message, a string as UTF-8. @throws TypeError for anything else */
export function bytesOf(message: unknown): Uint8Array {
  if (typeof message === 'string') return Buffer.from(message)
  if (message instanceof Uint8Array) return message
  throw wrongType('message', 'a string or a Uint8Array', message)
}

/** Checks a codec. @throws TypeError unless it has the two functions of a codec */
export function checkCodec(codec: unknown): void {
  const { decoder, encode } = (codec ?? {}) as Partial<Codec<unknown>>
  if (typeof decoder === 'function' && typeof encode === 'function') return
  throw wrongType('codec', 'an object with decoder() and encode(), such as lines()', codec)
}

/** Checks `maxBytes` for frames that are searched for their end. */
export const lineLimit = atLeastOne(65_536)
/** Checks `maxBytes` for frames with a declared length. */
export const frameLimit = atLeastOne(1_048_576)

/** Checks a number of bytes. */
export function atLeastOne(fallback: number): Check<number> {
  return check.integer(fallback, 1, Number.MAX_SAFE_INTEGER)
}

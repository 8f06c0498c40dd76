import { SockError } from '@sock/core'
import { wrongType } from '@sock/core/transport'

/** Takes a frame that is complete. `false` asks the decoder to stop there; see {@link Decoder.push}. */
export type Emit<Frame> = (frame: Frame) => boolean

/** Cuts the bytes of one connection, or of one datagram, into frames. It is synchronous. */
export interface Decoder<Frame> {
  /**
   * Takes the bytes of a chunk from `from` on: calls `emit` for each frame that they complete, and keeps what belongs to the next.
   *
   * @returns where it stopped, if it stops when `emit` returns `false`: it is called again for the rest. Otherwise nothing:
   * then the further frames of the chunk wait in memory while the handler is busy
   * @throws SockError `ERR_SOCK_FRAME_TOO_LARGE` or `ERR_SOCK_FRAME_MALFORMED`; after that the decoder is not used any more
   */
  push(chunk: Buffer, emit: Emit<Frame>, from: number): number | void
  /**
   * No more comes. Calls `emit` once if what is left is a frame. Afterwards the decoder begins anew.
   *
   * @throws SockError `ERR_SOCK_FRAME_INCOMPLETE` if it is only a part of one
   */
  end(emit: Emit<Frame>): void
  /** Bytes of a frame that is not complete. While there are some, a graceful shutdown waits. Default: unknown, so it does not. */
  readonly bufferedBytes?: number
  /** Frames that were skipped since they were too long. Default: 0. */
  readonly skipped?: number
}

/** How messages become bytes, and bytes messages. One codec serves any number of connections. */
export interface Codec<In, Out = In> {
  /** A decoder for one connection. */
  decoder(): Decoder<In>
  /**
   * The bytes of a message, with what frames it, in one piece or several.
   *
   * @throws SockError `ERR_SOCK_FRAME_TOO_LARGE` or `ERR_SOCK_FRAME_MALFORMED` for a message that the other side could not decode
   */
  encode(message: Out): Uint8Array | Uint8Array[]
}

/** @param option the limit's name, for example `maxBytes` */
export function tooLarge(size: number | bigint, option: string, limit: number): SockError {
  const message = `Frame is too large: ${size} bytes, and ${option} is ${limit}`
  return new SockError('ERR_SOCK_FRAME_TOO_LARGE', message)
}

/** @param what is wrong, as a sentence without a full stop */
export function malformed(what: string): SockError {
  return new SockError('ERR_SOCK_FRAME_MALFORMED', what)
}

/** @param why there will be no more */
export function incomplete(partial: Buffer, why: string): SockError {
  const message = `Frame is incomplete: ${partial.length} bytes had come ${why}`
  return new SockError('ERR_SOCK_FRAME_INCOMPLETE', message, { partial })
}

/** The bytes of a message, strings as UTF-8. @throws TypeError for anything else */
export function bytesOf(message: unknown): Uint8Array {
  if (typeof message === 'string') return Buffer.from(message)
  if (message instanceof Uint8Array) return message
  throw wrongType('message', 'a string or a Uint8Array', message)
}

/** @throws TypeError unless it has the two functions of a codec */
export function checkCodec(codec: unknown): void {
  const { decoder, encode } = (codec ?? {}) as Partial<Codec<unknown>>
  if (typeof decoder === 'function' && typeof encode === 'function') return
  throw wrongType('codec', 'an object with decoder() and encode(), such as lines()', codec)
}

import { isAscii } from 'node:buffer'
import { check, checkOptions, wrongType } from '@sock/core/transport'
import { Carry } from './carry.js'
import { bytesOf, lineLimit, malformed, tooLarge, type Codec, type Decoder, type Emit } from './codec.js'

/** The form of a frame: a string in one of the encodings, or a Buffer. */
export type Encoding = 'utf8' | 'latin1' | 'buffer'

/** Options of {@link lines} and {@link delimited}. */
export interface DelimitedOptions<E extends Encoding = Encoding> {
  /** The longest frame in bytes, without its delimiter. Default: 65,536. */
  maxBytes?: number | undefined
  /** The form of frames. Invalid UTF-8 becomes U+FFFD. Default: 'utf8' for lines, otherwise 'buffer'. */
  encoding?: E | undefined
  /**
   * What to do with a frame that is too long. 'fail' resets the connection with `ERR_SOCK_FRAME_TOO_LARGE`. 'skip'
   * discards the frame, counts it in `skipped`, and continues. Default: 'fail'.
   */
  tooLong?: 'fail' | 'skip' | undefined
}

/** A frame in its encoding. */
export type FrameOf<E extends Encoding> = E extends 'buffer' ? Buffer : string

/** What all decoders of a codec share. */
interface Format {
  readonly delimiter: Buffer
  /** The delimiter in the form that is found fastest: a single byte as a number. */
  readonly needle: Buffer | number
  /** The delimiter as a string. */
  readonly mark: string
  /** Whether CR before the delimiter belongs to it. */
  readonly isLine: boolean
  readonly maxBytes: number
  readonly encoding: Encoding
  readonly tooLong: 'fail' | 'skip'
}

const CARRIAGE_RETURN = 13
/** In bytes. */
const BLOCK = 4_096

/**
 * Lines that end in LF or CRLF. Bytes after the last line end are the last line at the end of the input.
 *
 * Messages are written with LF. A message that contains LF, or ends in CR, is rejected: the other side would read
 * another message.
 *
 * @throws TypeError, RangeError for options of a wrong type, out of range, or unknown
 */
export function lines<E extends Encoding = 'utf8'>(
  options?: DelimitedOptions<E>,
): Codec<FrameOf<E>, string | Uint8Array> {
  return createCodec('lines() options', options, 'utf8', '\n', true)
}

/**
 * Frames that end in a delimiter. Bytes after the last delimiter are the last frame at the end of the input.
 *
 * @param delimiter one byte or more; a string is encoded as UTF-8
 * @throws TypeError, RangeError for an empty delimiter, and for options of a wrong type, out of range, or unknown
 */
export function delimited<E extends Encoding = 'buffer'>(
  delimiter: string | Uint8Array,
  options?: DelimitedOptions<E>,
): Codec<FrameOf<E>, string | Uint8Array> {
  const isBytes = typeof delimiter === 'string' || delimiter instanceof Uint8Array
  if (!isBytes || delimiter.length === 0) {
    throw wrongType('delimiter', 'a string or a Uint8Array that is not empty', delimiter)
  }
  return createCodec('delimited() options', options, 'buffer', delimiter, false)
}

function createCodec<E extends Encoding>(
  name: string,
  options: DelimitedOptions<E> | undefined,
  encoding: Encoding,
  end: string | Uint8Array,
  isLine: boolean,
): Codec<FrameOf<E>, string | Uint8Array> {
  const settings = checkOptions(name, options, {
    maxBytes: lineLimit,
    encoding: check.oneOf<Encoding>(['utf8', 'latin1', 'buffer'], encoding),
    tooLong: check.oneOf<'fail' | 'skip'>(['fail', 'skip'], 'fail'),
  })
  const delimiter = Buffer.from(end as string)
  const needle = delimiter.length === 1 ? (delimiter[0] as number) : delimiter
  const mark = delimiter.toString('latin1')
  const format = { ...settings, delimiter, needle, mark, isLine }
  return {
    decoder: () => new DelimitedDecoder(format) as unknown as Decoder<FrameOf<E>>,
    encode(message) {
      const body = bytesOf(message)
      // Search message and delimiter together: the end of the message may look like the beginning of the delimiter.
      const frame = Buffer.concat([body, delimiter])
      if (frame.indexOf(needle) !== body.length)
        throw malformed(`Message contains the delimiter: ${JSON.stringify(mark)}`)
      if (isLine && body.at(-1) === CARRIAGE_RETURN)
        throw malformed('Message ends in CR, which would become part of the line end')
      return frame
    },
  }
}

class DelimitedDecoder implements Decoder<Buffer | string> {
  readonly #format: Format
  readonly #carry = new Carry()
  /** Bytes of the current frame that were discarded, since it is too long. */
  #discarded = 0
  skipped = 0

  constructor(format: Format) {
    this.#format = format
  }

  get bufferedBytes(): number {
    return this.#discarded + this.#carry.length
  }

  push(chunk: Buffer, emit: Emit<Buffer | string>, from: number): number {
    const { mark, isLine } = this.#format
    let at = from
    while (at < chunk.length) {
      const text = this.#block(chunk, at)
      for (let start = 0; start < text.length;) {
        const end = text.indexOf(mark, start)
        const hasReturn = isLine && end > start && text.charCodeAt(end - 1) === CARRIAGE_RETURN
        const frame = text.slice(start, hasReturn ? end - 1 : end)
        at += end + 1 - start
        start = end + 1
        if (!this.#isTooLong(frame.length) && !emit(frame)) return at
      }
      if (text !== '') continue
      const next = this.#find(chunk, at)
      if (next === -1) return this.#keep(chunk, at)
      const frame = this.#join(chunk, at, next)
      at = next
      if (frame !== undefined && !emit(frame)) return at
    }
    return at
  }

  end(emit: Emit<Buffer | string>): void {
    const rest = this.#carry.take()
    const frame = rest.length === 0 ? undefined : this.#cut(rest, 0, rest.length)
    this.#discarded = 0
    if (frame !== undefined) emit(frame)
  }

  /** Returns where the delimiter ends, or -1. It does not search the same bytes twice. */
  #find(chunk: Buffer, at: number): number {
    const { delimiter, needle } = this.#format
    const tail = Math.min(this.#carry.length, delimiter.length - 1)
    if (tail > 0) {
      const before = this.#carry.view.subarray(this.#carry.length - tail)
      const seam = Buffer.concat([before, chunk.subarray(at, at + delimiter.length - 1)])
      const found = seam.indexOf(delimiter)
      if (found !== -1) return at + found - tail + delimiter.length
    }
    const found = chunk.indexOf(needle, at)
    return found === -1 ? -1 : found + delimiter.length
  }

  /**
   * Returns several frames as one string: cutting a string costs a fifth of decoding each frame. The string is short,
   * since a frame that the user keeps may keep all of it in memory. Empty if frames are not strings, or bytes are not
   * characters.
   */
  #block(chunk: Buffer, at: number): string {
    const { encoding, needle } = this.#format
    if (encoding === 'buffer' || typeof needle !== 'number') return ''
    if (this.bufferedBytes > 0) return ''
    const end = chunk.lastIndexOf(needle, at + BLOCK - 1) + 1
    if (end <= at) return ''
    const bytes = chunk.subarray(at, end)
    return encoding === 'latin1' || isAscii(bytes) ? bytes.toString('latin1') : ''
  }

  /** Returns the frame whose delimiter ends at `to`, with its beginning from earlier chunks; `undefined` if it is skipped. */
  #join(chunk: Buffer, from: number, to: number): Buffer | string | undefined {
    const { length } = this.#format.delimiter
    if (this.#carry.length === 0) return this.#cut(chunk, from, to - length)
    this.#carry.append(chunk, from, to)
    const bytes = this.#carry.take()
    return this.#cut(bytes, 0, bytes.length - length)
  }

  #cut(bytes: Buffer, start: number, end: number): Buffer | string | undefined {
    const { isLine, encoding } = this.#format
    const stop = isLine && end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end
    const isSkipped = this.#discarded > 0 || this.#isTooLong(stop - start)
    this.#discarded = 0
    if (isSkipped) return undefined
    if (encoding === 'buffer') return bytes.subarray(start, stop)
    // Without a name, Node does not look up the encoding.
    return bytes.toString(encoding === 'utf8' ? undefined : encoding, start, stop)
  }

  /**
   * Keeps the beginning of a frame; of one that is skipped, only what may be the beginning of its delimiter.
   *
   * @returns where the chunk ends
   */
  #keep(chunk: Buffer, from: number): number {
    const { isLine, delimiter } = this.#format
    const before = delimiter.length - 1
    const size = this.#carry.length + chunk.length - from
    const isSkipped = this.#discarded > 0 || this.#isTooLong(size, isLine ? 1 : before)
    const most = isSkipped ? Math.min(before, size) : size
    this.#discarded += size - most
    this.#carry.append(chunk, Math.max(from, chunk.length - most), chunk.length)
    this.#carry.drop(this.#carry.length - most)
    return chunk.length
  }

  /** @param more bytes that may belong to the delimiter */
  #isTooLong(size: number, more = 0): boolean {
    const { tooLong, maxBytes } = this.#format
    if (size <= maxBytes + more) return false
    if (tooLong === 'fail') throw tooLarge(size, 'maxBytes', maxBytes)
    this.skipped += 1
    return true
  }
}

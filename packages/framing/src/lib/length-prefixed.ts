import { check, checkOptions, wrongType } from '@sock/core/transport'
import { bytesOf, malformed, tooLarge, type Codec } from './codec.js'
import { LengthDecoder, type Header } from './length-decoder.js'
import { bytesUpTo, MAX_FRAME } from './options.js'

/**
 * The size of the prefix in bytes, or 'varint': seven bits per byte, lowest first, as in Protocol Buffers (LEB128).
 */
export type PrefixBytes = 1 | 2 | 3 | 4 | 8 | 'varint'

/** Options of {@link lengthPrefixed}. */
export interface LengthPrefixedOptions {
  /** The size of the prefix. Default: 4. */
  bytes?: PrefixBytes | undefined
  /** The order of its bytes. Default: false (highest byte first, network byte order). */
  littleEndian?: boolean | undefined
  /** What the prefix counts: the bytes after it, or itself too. Default: 'body'. */
  counts?: 'body' | 'all' | undefined
  /** The largest body that is accepted, in bytes. Default: 1,048,576. */
  maxBytes?: number | undefined
}

interface Prefix {
  header(): Header
  encode(length: number): Buffer
}

const MAX_VARINT_BYTES = 10
/** The largest body that is copied after its prefix: one small write costs less than two. In bytes. */
const COPY_LIMIT = 16_384

/**
 * Frames with their length in front.
 *
 * @throws TypeError, RangeError for options of a wrong type, out of range, or unknown
 */
export function lengthPrefixed(options?: LengthPrefixedOptions): Codec<Buffer, Uint8Array | string> {
  const settings = checkOptions('lengthPrefixed() options', options, {
    bytes: check.oneOf<PrefixBytes>([1, 2, 3, 4, 8, 'varint'], 4),
    littleEndian: check.boolean(false),
    counts: check.oneOf<'body' | 'all'>(['body', 'all'], 'body'),
    maxBytes: bytesUpTo(MAX_FRAME),
  })
  if (settings.bytes === 'varint' && settings.counts === 'all') {
    throw wrongType('counts', "'body' for a varint, since its own size depends on the length", 'all')
  }
  const prefix =
    settings.bytes === 'varint'
      ? VARINT
      : fixedPrefix(settings.bytes, settings.littleEndian, settings.counts === 'all' ? settings.bytes : 0)
  return {
    decoder: () => new LengthDecoder(prefix.header(), settings.maxBytes),
    encode(message) {
      const body = bytesOf(message)
      const head = prefix.encode(body.length)
      return body.length > COPY_LIMIT ? [head, body] : Buffer.concat([head, body])
    },
  }
}

/**
 * Frames of `size` bytes each, with nothing in between.
 *
 * @param size in bytes, at least 1
 * @throws TypeError, RangeError for anything else
 */
export function fixed(size: number): Codec<Buffer, Uint8Array | string> {
  const length = check.integer(0, 1, Number.MAX_SAFE_INTEGER)(size ?? null, 'size')
  return {
    decoder: () => new LengthDecoder({ length, trailer: 0, read: () => 0 }, length),
    encode(message) {
      const body = bytesOf(message)
      if (body.length === length) return body
      throw malformed(`Message has ${body.length} bytes, and each frame has ${length}`)
    },
  }
}

/** @param own bytes of the prefix that the length includes */
function fixedPrefix(size: 1 | 2 | 3 | 4 | 8, littleEndian: boolean, own: number): Prefix {
  const largest = size === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * size) - 1
  return {
    header: () => ({
      length: 0,
      trailer: 0,
      read(bytes, at, end) {
        if (end - at < size) return -1
        const declared = readLength(bytes, at, size, littleEndian)
        if (declared < own)
          throw malformed(`Frame declares ${declared} bytes, and its prefix alone has ${own}`)
        this.length = declared - own
        return size
      },
    }),
    encode(length) {
      const declared = length + own
      if (declared > largest)
        throw tooLarge(length, `the most that a prefix of ${size} bytes can tell`, largest - own)
      const head = Buffer.allocUnsafe(size)
      if (size < 8) {
        if (littleEndian) head.writeUIntLE(declared, 0, size)
        else head.writeUIntBE(declared, 0, size)
      } else if (littleEndian) head.writeBigUInt64LE(BigInt(declared))
      else head.writeBigUInt64BE(BigInt(declared))
      return head
    },
  }
}

/** Reads a length. Above 2^53 the result is not exact, but larger than any limit. */
function readLength(bytes: Buffer, at: number, size: number, littleEndian: boolean): number {
  if (size === 4) return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  if (size < 4) return littleEndian ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size)
  return Number(littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
}

const VARINT: Prefix = {
  header: () => ({
    length: 0,
    trailer: 0,
    read(bytes, at, end) {
      let value = 0
      for (let i = 0; at + i < end; i++) {
        const byte = bytes[at + i] as number
        // `<<` would be limited to 32 bits.
        value += (byte & 0x7f) * 2 ** (7 * i)
        if (value > Number.MAX_SAFE_INTEGER) throw malformed('Frame declares a length above 2^53 - 1')
        if (byte < 0x80) {
          this.length = value
          return i + 1
        }
        if (i + 1 === MAX_VARINT_BYTES)
          throw malformed(`Varint does not end within ${MAX_VARINT_BYTES} bytes`)
      }
      return -1
    },
  }),
  encode(length) {
    const head: number[] = []
    let left = length
    while (left >= 0x80) {
      head.push((left % 0x80) + 0x80)
      left = Math.floor(left / 0x80)
    }
    head.push(left)
    return Buffer.from(head)
  },
}

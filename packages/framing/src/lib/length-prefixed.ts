import { check, checkOptions, wrongType } from '@sock/core/transport'
import { atLeastOne, frameLimit, malformed, tooLarge, type Codec } from './codec.js'
import { prefixed, type PrefixFormat } from './prefixed.js'

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

type Head = Pick<PrefixFormat, 'read' | 'write'>

const MAX_VARINT_BYTES = 10

/**
 * Frames with their length in front.
 *
 * @throws TypeError, RangeError for options of a wrong type, out of range, or unknown
 */
export function lengthPrefixed(options?: LengthPrefixedOptions): Codec<Buffer, Uint8Array | string> {
  const { bytes, littleEndian, counts, maxBytes } = checkOptions('lengthPrefixed() options', options, {
    bytes: check.oneOf<PrefixBytes>([1, 2, 3, 4, 8, 'varint'], 4),
    littleEndian: check.boolean(false),
    counts: check.oneOf<'body' | 'all'>(['body', 'all'], 'body'),
    maxBytes: frameLimit,
  })
  const countsAll = counts === 'all'
  if (bytes !== 'varint') return prefixed({ ...prefix(bytes, littleEndian, countsAll ? bytes : 0), maxBytes })
  if (countsAll)
    throw wrongType('counts', "'body' for a varint, since its own size depends on the length", counts)
  return prefixed({ ...VARINT, maxBytes })
}

/**
 * Frames of `size` bytes each, with nothing in between.
 *
 * @param size in bytes, at least 1
 * @throws TypeError, RangeError for anything else
 */
export function fixed(size: number): Codec<Buffer, Uint8Array | string> {
  atLeastOne(0)(size ?? null, 'size')
  return prefixed({
    maxBytes: size,
    read(_bytes, _at, _end, found) {
      found.length = size
      return 0
    },
    write(length) {
      if (length === size) return Buffer.alloc(0)
      throw malformed(`Message has ${length} bytes, and each frame has ${size}`)
    },
  })
}

/** @param own bytes of the prefix that the length includes */
function prefix(size: 1 | 2 | 3 | 4 | 8, littleEndian: boolean, own: number): Head {
  const largest = size === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * size) - 1
  return {
    read(bytes, at, end, found) {
      if (end - at < size) return -1
      let declared = 0
      // Above 2^53 the sum is not exact, but larger than any limit.
      for (let i = 0; i < size; i++)
        declared = declared * 256 + (bytes[littleEndian ? at + size - 1 - i : at + i] as number)
      if (declared < own) throw malformed(`Frame declares ${declared} bytes, and its prefix alone has ${own}`)
      found.length = declared - own
      return size
    },
    write(length) {
      let left = length + own
      if (left > largest) throw tooLarge(length, `the limit of a prefix of ${size} bytes`, largest - own)
      const head = Buffer.allocUnsafe(size)
      for (let i = 0; i < size; i++) {
        head[littleEndian ? i : size - 1 - i] = left % 256
        left = Math.floor(left / 256)
      }
      return head
    },
  }
}

const VARINT: Head = {
  read(bytes, at, end, found) {
    let value = 0
    for (let i = 0; at + i < end; i++) {
      const byte = bytes[at + i] as number
      // `<<` would be limited to 32 bits.
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (value > Number.MAX_SAFE_INTEGER) throw malformed('Frame declares a length above 2^53 - 1')
      if (byte < 0x80) {
        found.length = value
        return i + 1
      }
      if (i + 1 === MAX_VARINT_BYTES) throw malformed(`Varint does not end within ${MAX_VARINT_BYTES} bytes`)
    }
    return -1
  },
  write(length) {
    const head: number[] = []
    let left = length
    for (; left >= 0x80; left = Math.floor(left / 0x80)) head.push((left % 0x80) + 0x80)
    return Buffer.from([...head, left])
  },
}

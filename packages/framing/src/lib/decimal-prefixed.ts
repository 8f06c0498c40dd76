import { checkOptions } from '@sock/core/transport'
import { bytesOf, malformed, tooLarge, type Codec } from './codec.js'
import { LengthDecoder, type Header } from './length-decoder.js'
import { bytesUpTo, MAX_FRAME } from './options.js'

/** Options of {@link netstrings} and {@link octetCounted}. */
export interface FrameLimit {
  /** The largest body that is accepted, in bytes. Default: 1,048,576. */
  maxBytes?: number | undefined
}

interface Format {
  readonly name: string
  /** Between the length and the body. */
  readonly separator: string
  /** After the body. */
  readonly trailer: string
  readonly allowsEmpty: boolean
}

const ZERO = 48
const NINE = 57

/**
 * Netstrings: `5:hello,` (https://cr.yp.to/proto/netstrings.txt).
 *
 * @throws TypeError, RangeError for options of a wrong type, out of range, or unknown
 */
export function netstrings(options?: FrameLimit): Codec<Buffer, Uint8Array | string> {
  return decimalPrefixed(
    { name: 'Netstring', separator: ':', trailer: ',', allowsEmpty: true },
    'netstrings() options',
    options,
  )
}

/**
 * Octet counting, as in syslog over TCP: `5 hello` (RFC 6587 section 3.4.1).
 *
 * @throws TypeError, RangeError for options of a wrong type, out of range, or unknown
 */
export function octetCounted(options?: FrameLimit): Codec<Buffer, Uint8Array | string> {
  return decimalPrefixed(
    { name: 'Frame', separator: ' ', trailer: '', allowsEmpty: false },
    'octetCounted() options',
    options,
  )
}

function decimalPrefixed(
  format: Format,
  name: string,
  options: FrameLimit | undefined,
): Codec<Buffer, Uint8Array | string> {
  const { maxBytes } = checkOptions(name, options, { maxBytes: bytesUpTo(MAX_FRAME) })
  return {
    decoder: () => new LengthDecoder(createHeader(format, maxBytes), maxBytes),
    encode(message) {
      const body = bytesOf(message)
      if (body.length === 0 && !format.allowsEmpty)
        throw malformed('Message is empty, which octet counting cannot represent')
      return Buffer.concat([
        Buffer.from(`${body.length}${format.separator}`),
        body,
        Buffer.from(format.trailer),
      ])
    },
  }
}

function createHeader({ name, separator, trailer, allowsEmpty }: Format, maxBytes: number): Header {
  const separatorByte = separator.charCodeAt(0)
  const first = allowsEmpty ? ZERO : ZERO + 1
  return {
    length: 0,
    trailer: trailer.length,
    read(bytes, at, end) {
      let value = 0
      for (let i = at; i < end; i++) {
        const byte = bytes[i] as number
        if (byte === separatorByte && i > at) {
          this.length = value
          return i + 1 - at
        }
        const isDigit = byte >= (i === at ? first : ZERO) && byte <= NINE
        // No leading zeros: only the separator may follow "0".
        if (!isDigit || (i > at && value === 0))
          throw malformed(`${name} does not begin with a length and "${separator}"`)
        value = value * 10 + (byte - ZERO)
        // Checked before more digits are read, since the header's length is not limited otherwise.
        if (value > maxBytes) throw tooLarge(value, 'maxBytes', maxBytes)
      }
      return -1
    },
    checkTrailer(bytes, at) {
      if (trailer !== '' && bytes[at] !== trailer.charCodeAt(0))
        throw malformed(`${name} does not end in "${trailer}"`)
    },
  }
}

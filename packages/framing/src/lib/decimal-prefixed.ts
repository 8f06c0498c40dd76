import { checkOptions } from '@sock/core/transport'
import { frameLimit, malformed, tooLarge, type Codec } from './codec.js'
import { prefixed } from './prefixed.js'

/** Options of {@link netstrings} and {@link octetCounted}. */
export interface FrameLimit {
  /** The largest body that is accepted, in bytes. Default: 1,048,576. */
  maxBytes?: number | undefined
}

const ZERO = 48

/**
 * Netstrings: `5:hello,` (https://cr.yp.to/proto/netstrings.txt).
 *
 * @throws TypeError, RangeError for options of a wrong type, out of range, or unknown
 */
export function netstrings(options?: FrameLimit): Codec<Buffer, Uint8Array | string> {
  return decimal('netstrings() options', options, { separator: ':', tail: Buffer.from(','), least: 0 })
}

/**
 * Octet counting, as in syslog over TCP: `5 hello` (RFC 6587 section 3.4.1).
 *
 * @throws TypeError, RangeError for options of a wrong type, out of range, or unknown
 */
export function octetCounted(options?: FrameLimit): Codec<Buffer, Uint8Array | string> {
  return decimal('octetCounted() options', options, { separator: ' ', least: 1 })
}

/** @param format what follows the length, what follows the body, and the least length of a body */
function decimal(
  name: string,
  options: FrameLimit | undefined,
  { separator, tail, least }: { separator: string; tail?: Buffer; least: number },
): Codec<Buffer, Uint8Array | string> {
  const { maxBytes } = checkOptions(name, options, { maxBytes: frameLimit })
  const separatorByte = separator.charCodeAt(0)
  return prefixed({
    maxBytes,
    tail,
    read(bytes, at, end, found) {
      let value = 0
      for (let i = at; i < end; i++) {
        const digit = (bytes[i] as number) - ZERO
        if (bytes[i] === separatorByte && i > at && value >= least) {
          found.length = value
          return i + 1 - at
        }
        // No leading zeros: only the separator may follow "0".
        if (digit < 0 || digit > 9 || (i > at && value === 0))
          throw malformed(`Frame does not begin with a length and "${separator}"`)
        value = value * 10 + digit
        // Checked before more digits are read, since nothing else limits their number.
        if (value > maxBytes) throw tooLarge(value, 'maxBytes', maxBytes)
      }
      return -1
    },
    write(length) {
      if (length < least) throw malformed('Message is empty, which octet counting cannot represent')
      return Buffer.from(`${length}${separator}`)
    },
  })
}

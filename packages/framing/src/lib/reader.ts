import type { Channel, ReadOptions } from '@sock/core'
import { check, checkOptions, useInput, wrongType } from '@sock/core/transport'
import { Carry } from './carry.js'
import { incomplete, lineLimit, tooLarge } from './codec.js'
import { checkChannel } from './framed-channel.js'

/** Options of {@link reader}. */
export interface ReaderOptions {
  /** The limit of one read in bytes, without its delimiter. Default: 65,536. */
  maxBytes?: number | undefined
}

/** Reads pieces of different kinds from one channel, one at a time. */
export interface Reader {
  /**
   * Resolves with the text up to the next LF or CRLF, without it, decoded as UTF-8. At the end of the input it
   * resolves with the rest, then with `null`. Rejects with `ERR_SOCK_FRAME_TOO_LARGE`. A graceful shutdown waits for the
   * rest of a line that has partly arrived.
   */
  readonly readLine: (options?: ReadOptions) => Promise<string | null>
  /**
   * Resolves with `size` bytes. Rejects with `ERR_SOCK_FRAME_INCOMPLETE` if the input ends before, and with
   * `ERR_SOCK_FRAME_TOO_LARGE` for more than `maxBytes`.
   */
  readonly readExactly: (size: number, options?: ReadOptions) => Promise<Buffer>
  /**
   * Resolves with the bytes up to the delimiter, without it. Rejects with `ERR_SOCK_FRAME_INCOMPLETE` if the input
   * ends before, and with `ERR_SOCK_FRAME_TOO_LARGE`.
   */
  readonly readUntil: (delimiter: string | Uint8Array, options?: ReadOptions) => Promise<Buffer>
}

const LINE_FEED = Buffer.from('\n')
const CARRIAGE_RETURN = 13

/**
 * Returns functions for protocols in which each piece says how the next one is framed, such as a line, then a number
 * of bytes. They can be called without the object. From then on, the reader takes the channel's input.
 *
 * @throws TypeError, RangeError for an invalid channel or option
 */
export function reader(channel: Channel, options?: ReaderOptions): Reader {
  checkChannel(channel)
  const { maxBytes } = checkOptions('reader() options', options, { maxBytes: lineLimit })
  // Bytes that a read has seen before it gave up stay for the next one.
  const carry = new Carry()
  let failure: Error | undefined
  useInput(channel, {
    get isBusy() {
      return carry.length > 0
    },
    inputDropped(error) {
      // If everything was read, reads get what the channel gives.
      if (carry.length > 0) failure = error
      carry.take()
    },
  })

  /** Takes the bytes up to an end of `behind` bytes, which it drops; `undefined` if the input ends before. */
  async function take(
    find: (bytes: Buffer) => number,
    behind: number,
    readOptions?: ReadOptions,
  ): Promise<Buffer | undefined> {
    for (;;) {
      if (failure !== undefined) throw failure
      const size = find(carry.view)
      if (size !== -1) {
        const taken = Buffer.from(carry.view.subarray(0, size))
        carry.drop(size + behind)
        return taken
      }
      // oxlint-disable-next-line no-await-in-loop -- one chunk after another
      const chunk = await channel.read(readOptions)
      if (chunk === null) return undefined
      carry.append(chunk, 0, chunk.length)
    }
  }

  /** @param trim returns the length of a piece without what belongs to its delimiter */
  function takeUntil(
    mark: Buffer,
    trim: (bytes: Buffer, size: number) => number,
    readOptions?: ReadOptions,
  ): Promise<Buffer | undefined> {
    let from = 0
    const find = (bytes: Buffer): number => {
      const found = bytes.indexOf(mark, from)
      from = Math.max(0, bytes.length - mark.length + 1)
      checkSize(trim(bytes, found === -1 ? from : found))
      return found
    }
    return take(find, mark.length, readOptions)
  }

  function checkSize(size: number): void {
    if (size > maxBytes) throw tooLarge(size, 'maxBytes', maxBytes)
  }

  return {
    async readLine(readOptions) {
      const line =
        (await takeUntil(LINE_FEED, withoutReturn, readOptions)) ??
        (carry.length > 0 ? carry.take() : undefined)
      return line === undefined ? null : line.toString('utf8', 0, withoutReturn(line, line.length))
    },
    async readExactly(size, readOptions) {
      check.integer(0, 0, Number.MAX_SAFE_INTEGER)(size ?? null, 'size')
      checkSize(size)
      const bytes = await take(({ length }) => (length < size ? -1 : size), 0, readOptions)
      if (bytes === undefined) throw incomplete(carry.take(), `of ${size} when the input ended`)
      return bytes
    },
    async readUntil(delimiter, readOptions) {
      const mark = Buffer.from(delimiter as string)
      if (mark.length === 0)
        throw wrongType('delimiter', 'a string or a Uint8Array that is not empty', delimiter)
      const bytes = await takeUntil(mark, (_, size) => size, readOptions)
      if (bytes === undefined) throw incomplete(carry.take(), 'without a delimiter when the input ended')
      return bytes
    },
  }
}

/** Returns the length of a line without CR at its end. */
function withoutReturn(bytes: Buffer, size: number): number {
  return size > 0 && bytes[size - 1] === CARRIAGE_RETURN ? size - 1 : size
}

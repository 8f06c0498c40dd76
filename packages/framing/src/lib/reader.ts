import type { Channel, ReadOptions } from '@sock/core'
import { check, checkOptions, wrongType } from '@sock/core/transport'
import { Carry } from './carry.js'
import { incomplete, tooLarge } from './codec.js'
import { checkChannel } from './framed-channel.js'
import { bytesUpTo, MAX_LINE } from './options.js'

/** Options of {@link reader}. */
export interface ReaderOptions {
  /** The limit of one read in bytes. Default: 65,536. */
  maxBytes?: number | undefined
}

/** Reads pieces of different kinds from one channel, one at a time. */
export interface Reader {
  /**
   * Resolves with the text up to the next LF or CRLF, without it, decoded as UTF-8. At the end of the input it
   * resolves with the rest, then with `null`. Rejects with `ERR_SOCK_FRAME_TOO_LARGE`.
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
  const { maxBytes } = checkOptions('reader() options', options, { maxBytes: bytesUpTo(MAX_LINE) })
  const source = new Source(channel, maxBytes)
  return {
    async readLine(readOptions) {
      const line = await source.until(LINE_FEED, readOptions, true)
      if (line === null) return null
      return line.toString('utf8', 0, line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length)
    },
    async readExactly(size, readOptions) {
      check.integer(0, 0, Number.MAX_SAFE_INTEGER)(size, 'size')
      if (size > maxBytes) throw tooLarge(size, 'maxBytes', maxBytes)
      return source.exactly(size, readOptions)
    },
    async readUntil(delimiter, readOptions) {
      const mark = Buffer.from(delimiter as string)
      if (mark.length === 0)
        throw wrongType('delimiter', 'a string or a Uint8Array that is not empty', delimiter)
      return (await source.until(mark, readOptions, false)) as Buffer
    },
  }
}

/** The input of a reader. Bytes that a read has seen before it gave up stay for the next one. */
class Source {
  readonly #channel: Channel
  readonly #maxBytes: number
  readonly #carry = new Carry()

  constructor(channel: Channel, maxBytes: number) {
    this.#channel = channel
    this.#maxBytes = maxBytes
  }

  async exactly(size: number, options?: ReadOptions): Promise<Buffer> {
    while (this.#carry.length < size) {
      // oxlint-disable-next-line no-await-in-loop -- one chunk after another
      if (!(await this.#more(options)))
        throw incomplete(this.#carry.take(), `of ${size} when the input ended`)
    }
    return this.#take(size, 0)
  }

  /** @returns the bytes up to the delimiter; null at the end of the input, if `endIsMark` and nothing is left */
  async until(mark: Buffer, options: ReadOptions | undefined, endIsMark: boolean): Promise<Buffer | null> {
    for (let from = 0; ;) {
      const { view } = this.#carry
      const found = view.indexOf(mark, from)
      const size = found === -1 ? view.length - mark.length + 1 : found
      if (size > this.#maxBytes) throw tooLarge(size, 'maxBytes', this.#maxBytes)
      if (found !== -1) return this.#take(found, mark.length)
      from = Math.max(0, view.length - mark.length + 1)
      // oxlint-disable-next-line no-await-in-loop -- one chunk after another
      if (await this.#more(options)) continue
      if (!endIsMark) throw incomplete(this.#carry.take(), 'without their delimiter when the input ended')
      return view.length === 0 ? null : this.#carry.take()
    }
  }

  async #more(options?: ReadOptions): Promise<boolean> {
    const chunk = await this.#channel.read(options)
    if (chunk === null) return false
    this.#carry.append(chunk, 0, chunk.length)
    return true
  }

  /** Removes and returns bytes. @param behind number of bytes after them to drop */
  #take(size: number, behind: number): Buffer {
    const taken = Buffer.from(this.#carry.view.subarray(0, size))
    this.#carry.drop(size + behind)
    return taken
  }
}

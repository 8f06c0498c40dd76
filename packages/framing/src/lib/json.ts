import { checkOptions } from '@sock/core/transport'
import { lineLimit, malformed, type Codec, type Decoder, type Emit } from './codec.js'
import { lines } from './delimited.js'

/** Options of {@link json}. */
export interface JsonOptions {
  /** The longest line in bytes, without its end. Default: 65,536. */
  maxBytes?: number | undefined
}

/**
 * JSON, one value a line (https://jsonlines.org). A line that is not JSON fails with `ERR_SOCK_FRAME_MALFORMED`, whose
 * message has the number of the line and whose `cause` is the SyntaxError.
 *
 * `null` is a value. Read it with `for await` or with a callback `message`: `read()`, which resolves with `null` at the
 * end, rejects it. Check the values before you use them: a peer may send anything.
 *
 * @throws TypeError, RangeError for options of a wrong type, out of range, or unknown
 */
export function json(options?: JsonOptions): Codec<unknown> {
  const { maxBytes } = checkOptions('json() options', options, { maxBytes: lineLimit })
  const text = lines({ maxBytes })
  return {
    decoder: () => new JsonDecoder(text.decoder()),
    encode: (value) => text.encode(written(value)),
  }
}

/** Returns the value as JSON, which has no line end. @throws SockError `ERR_SOCK_FRAME_MALFORMED` if there is none */
function written(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    throw malformed('Message cannot be written as JSON', error)
  }
  if (text === undefined) throw malformed(`Message cannot be written as JSON: it is ${typeof value}`)
  return text
}

class JsonDecoder implements Decoder<unknown> {
  readonly #lines: Decoder<string>
  /** Number of lines so far. */
  #count = 0

  constructor(decoder: Decoder<string>) {
    this.#lines = decoder
  }

  get bufferedBytes(): number {
    return this.#lines.bufferedBytes ?? 0
  }

  push(chunk: Buffer, emit: Emit<unknown>, from: number): number | void {
    return this.#lines.push(chunk, (line) => emit(this.#parse(line)), from)
  }

  end(emit: Emit<unknown>): void {
    this.#lines.end((line) => emit(this.#parse(line)))
    this.#count = 0
  }

  #parse(line: string): unknown {
    this.#count += 1
    try {
      return JSON.parse(line)
    } catch (error) {
      throw malformed(`Line ${this.#count} is not JSON: ${(error as Error).message}`, error)
    }
  }
}

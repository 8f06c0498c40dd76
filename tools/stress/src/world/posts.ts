import assert from 'node:assert/strict'

/** The header of a datagram, with which another process can check that it is complete. */
interface Post {
  /** The number of the client that sends or receives it. */
  readonly client: number
  /** Its number among the datagrams in the same direction. */
  readonly number: number
  /** How many answers a request asks for. */
  readonly wanted: number
  readonly length: number
}

/** Client, number, wanted and length, 4 bytes each. */
export const POST_HEADER = 16

/** Sizes of answers that an engine gathers, that just fit, and that are too large for that. Most are small. */
const ANSWERS = [64, 64, 64, 2_048, 64, 64, 2_049, 3_000] as const
export const answerLength = (at: number): number => ANSWERS[at % ANSWERS.length] ?? POST_HEADER

function encode({ client, number, wanted, length }: Post): Buffer {
  const data = Buffer.alloc(length, (client * 31 + number) & 0xff)
  for (const [at, value] of [client, number, wanted, length].entries()) data.writeUInt32BE(value, 4 * at)
  return data
}

/** One side of the exchange between a client and its server. */
export class Talk {
  readonly client: number
  #sent = 0
  #last = -1

  constructor(client: number) {
    this.client = client
  }

  next(wanted: number, length: number): Buffer {
    return encode({ client: this.client, number: this.#sent++, wanted, length })
  }

  /** Records an arrival. @throws if it came twice, or after a later one */
  take(number: number): this {
    const last = this.#last
    this.#last = Math.max(last, number)
    assert.ok(number > last, `datagram ${number} came after ${last}`)
    return this
  }

  /** @throws if the datagram is incomplete or changed */
  static read(data: Buffer): Post {
    assert.ok(data.length >= POST_HEADER, `nobody sent that: ${data.toString('hex')}`)
    const [client = 0, number = 0, wanted = 0, length = 0] = [0, 4, 8, 12].map((at) => data.readUInt32BE(at))
    const post = { client, number, wanted, length }
    assert.ok(length === data.length && data.equals(encode(post)), 'not what was sent')
    return post
  }
}

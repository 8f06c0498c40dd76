import assert from 'node:assert/strict'

/** What a datagram begins with, 4 bytes each. With that, another process can check that it is complete. */
interface Post {
  /** The number of the client that sends or receives it. */
  readonly client: number
  /** Its number among the datagrams in the same direction, from 1. */
  readonly number: number
  /** How many answers a request asks for. */
  readonly wanted: number
  readonly length: number
}
const HEADER = 16

function encode({ client, number, wanted, length }: Post): Buffer {
  const data = Buffer.alloc(length, (client * 31 + number) & 0xff)
  for (const [at, value] of [client, number, wanted, length].entries()) data.writeUInt32BE(value, 4 * at)
  return data
}

/** @throws if the datagram is incomplete or changed */
export function readPost(data: Buffer): Post {
  assert.ok(data.length >= HEADER, `nobody sent that: ${data.toString('hex')}`)
  const [client = 0, number = 0, wanted = 0, length = 0] = [0, 4, 8, 12].map((at) => data.readUInt32BE(at))
  const post = { client, number, wanted, length }
  assert.ok(length === data.length && data.equals(encode(post)), 'not what was sent')
  return post
}

/** One side of the exchange between a client and its server. */
export class Talk {
  readonly client: number
  #sent = 0
  #got = 0

  constructor(client: number) {
    this.client = client
  }

  /** Returns the next datagram. @param size of its body */
  next(wanted: number, size: number): Buffer {
    return encode({ client: this.client, number: (this.#sent += 1), wanted, length: HEADER + size })
  }

  /** Records an arrival. @throws if it came twice, after a later one, or for another client */
  take({ client, number }: Post): void {
    assert.equal(client, this.client, 'an answer for another')
    assert.ok(number > this.#got, `datagram ${number} came after ${this.#got}`)
    this.#got = number
  }
}

import assert from 'node:assert/strict'

/** A datagram. It says what it is, so that another process can tell whether it is whole. */
export interface Post {
  /** The number of the client that sent it, or that it is for. */
  readonly client: number
  /** Which one it is of those that go the same way. */
  readonly number: number
  /** Of a request: how many answers it asks for. */
  readonly wanted: number
  readonly length: number
}

/** Client, number, wanted and length, 4 bytes each. */
export const POST_HEADER = 16

/** Errors of sending, and of waiting for an answer: the receiver is not there, or not yet, or has no room. */
export const UNHEARD = [
  'ECONNREFUSED',
  'ENOENT',
  'ENOTCONN',
  'ECONNRESET',
  'ERR_SOCK_CLOSED',
  'ERR_SOCK_DRAINING',
  'ERR_SOCK_BACKPRESSURE',
]

/** Bytes of answers: what an engine gathers, what is too large for that, and what just fits. Most are small. */
const ANSWERS = [64, 64, 64, 2_048, 64, 64, 2_049, 3_000] as const
export const answerLength = (at: number): number => ANSWERS[at % ANSWERS.length] ?? POST_HEADER

export function encodePost({ client, number, wanted, length }: Post): Buffer {
  const data = Buffer.alloc(length, (client * 31 + number) & 0xff)
  for (const [at, value] of [client, number, wanted, length].entries()) data.writeUInt32BE(value, 4 * at)
  return data
}

/** @throws unless it is whole, and as it was made */
export function decodePost(data: Buffer): Post {
  assert.ok(data.length >= POST_HEADER, `nobody sent that: ${data.toString('hex')}`)
  const [client = 0, number = 0, wanted = 0, length = 0] = [0, 4, 8, 12].map((at) => data.readUInt32BE(at))
  const post = { client, number, wanted, length }
  assert.ok(length === data.length && data.equals(encodePost(post)), 'not what was sent')
  return post
}

/** Datagrams that go one way, between a client and its server: what is known of them at one end, or at both. */
export class Flow {
  sent = 0
  /** Of those, how many the system has taken. */
  acknowledged = 0
  /** Of those, how many could not be sent. */
  refused = 0
  arrived = 0
  #last = -1

  next(): number {
    this.sent += 1
    return this.sent - 1
  }

  /** One has arrived. @throws if it came twice, or if a later one came before */
  take(number: number): void {
    this.arrived += 1
    const last = this.#last
    this.#last = Math.max(last, number)
    assert.ok(number > last, `datagram ${number} came after ${last}`)
  }
}

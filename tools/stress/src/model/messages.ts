import assert from 'node:assert/strict'

/** A datagram that was sent, by its number. */
export interface Message {
  /** The client that it is from, or for. */
  readonly client: number
  readonly length: number
  isAcknowledged: boolean
  hasArrived: boolean
}

/** Number of the datagram, its length, and what tells whether it is whole. */
export const HEADER = 12

/** Nobody is there, or no longer, or there is no room: what sending and waiting for an answer may come to. */
export const UNHEARD = [
  'ECONNREFUSED',
  'ENOENT',
  'ENOTCONN',
  'ECONNRESET',
  'ERR_SOCK_CLOSED',
  'ERR_SOCK_DRAINING',
  'ERR_SOCK_BACKPRESSURE',
]

/** What datagram `number` is: it says which it is, and how long. */
export function numbered(number: number, length: number): Buffer {
  const data = Buffer.alloc(length, number & 0xff)
  data.writeUInt32BE(number, 0)
  data.writeUInt32BE(length, 4)
  data.writeUInt32BE(~number >>> 0, 8)
  return data
}

/** Finds out which datagram it is. @throws unless it is one of them, whole, and comes for the first time */
export function arrived(messages: readonly Message[], data: Buffer): number {
  const number = data.readUInt32BE(0)
  const message = messages[number]
  assert.ok(message !== undefined, `nobody sent that: ${data.toString('hex', 0, 16)}`)
  assert.ok(data.equals(numbered(number, message.length)), 'not what was sent')
  assert.equal(message.hasArrived, false, 'came twice')
  message.hasArrived = true
  return number
}

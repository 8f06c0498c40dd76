import { patternAt } from './pattern.js'

/*
 * A message of a fixed size: sequence number (4 bytes), client (2), whether an answer is wanted (1), one byte unused,
 * then bytes that are known, and the sequence number again.
 */
const CLIENT_AT = 4
const ANSWER_AT = 6
export const HEADER_BYTES = 8
const TRAILER_BYTES = 4

export function createMessage(size: number, client: number, wantsAnswer: boolean): Buffer {
  const message = Buffer.from(patternAt(client, size))
  message.writeUInt16LE(client, CLIENT_AT)
  message.writeUInt8(wantsAnswer ? 1 : 0, ANSWER_AT)
  return setSequence(message, 0)
}

export function setSequence(message: Buffer, sequence: number): Buffer {
  message.writeUInt32LE(sequence, 0)
  message.writeUInt32LE(sequence, message.length - TRAILER_BYTES)
  return message
}

export const sequenceOf = (message: Buffer): number => message.readUInt32LE(0)
export const clientOf = (message: Buffer): number => message.readUInt16LE(CLIENT_AT)
export const wantsAnswer = (message: Buffer): boolean => message[ANSWER_AT] === 1

/** Whether the message is whole, and every byte of it as it was made. */
export function isIntact(message: Buffer): boolean {
  if (message.length < HEADER_BYTES + TRAILER_BYTES) return false
  const trailer = message.length - TRAILER_BYTES
  if (message.readUInt32LE(trailer) !== sequenceOf(message)) return false
  const expected = patternAt(clientOf(message), message.length)
  return expected.compare(message, HEADER_BYTES, trailer, HEADER_BYTES, trailer) === 0
}

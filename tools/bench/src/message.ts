import { createCipheriv } from 'node:crypto'

/** A prime number, so that the bytes differ after a chunk of any usual size is lost, doubled or swapped. */
const PERIOD = 65_521
const LONGEST = 65_536

/** Bytes that look random and are the same in each process: the key stream of a cipher. */
const period = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(PERIOD))
export const pattern = Buffer.concat([period, period, period]).subarray(0, PERIOD + LONGEST)

/** Returns the bytes of a stream from `position` on. @param length at most 64 KiB */
export function patternAt(position: number, length: number): Buffer {
  const start = position % PERIOD
  return pattern.subarray(start, start + length)
}

/** Checks every byte of a stream. */
export class PositionCheck {
  position = 0

  /** @returns whether `chunk` has the expected bytes */
  accept(chunk: Buffer): boolean {
    for (let from = 0; from < chunk.length; from += LONGEST) {
      const to = Math.min(from + LONGEST, chunk.length)
      const start = this.position % PERIOD
      if (pattern.compare(chunk, from, to, start, start + to - from) !== 0) return false
      this.position += to - from
    }
    return true
  }
}

/*
 * A message of a fixed size: sequence number (4 bytes), client (2), whether to answer (1), one unused byte, known bytes, and
 * the sequence number again.
 */
const CLIENT_AT = 4
const ANSWER_AT = 6
export const HEADER_BYTES = 8
const TRAILER_BYTES = 4

export function createMessage(size: number, client: number, wantsAnswer = true): Buffer {
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

/** Whether the message is complete and every byte is right. */
export function isIntact(message: Buffer): boolean {
  if (message.length < HEADER_BYTES + TRAILER_BYTES) return false
  const trailer = message.length - TRAILER_BYTES
  if (message.readUInt32LE(trailer) !== sequenceOf(message)) return false
  const expected = patternAt(clientOf(message), message.length)
  return expected.compare(message, HEADER_BYTES, trailer, HEADER_BYTES, trailer) === 0
}

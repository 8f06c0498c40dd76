/** A prime number, so that the bytes differ after a chunk of any usual size is lost, doubled or swapped. */
const PERIOD = 65_521
const LONGEST = 2 ** 20

/** Bytes that look random and are the same in each process: of a linear congruential generator (Numerical Recipes). */
let state = 0
const period = Uint8Array.from({ length: PERIOD }, () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
  return state >>> 24
})
const pattern = Buffer.alloc(PERIOD + LONGEST, period)

/** Returns the bytes of a stream from `position` on. @param length at most 1 MiB: more than any server reads at once */
export function patternAt(position: number, length: number): Buffer {
  const start = position % PERIOD
  return pattern.subarray(start, start + length)
}

// A message of a fixed size: sequence number (4 bytes), client (2), whether to answer (1), one unused byte, known bytes.
const CLIENT_AT = 4
const ANSWER_AT = 6
export const HEADER_BYTES = 8

export function createMessage(size: number, client: number, wantsAnswer = true): Buffer {
  const message = Buffer.from(patternAt(client, size))
  message.writeUInt16LE(client, CLIENT_AT)
  message.writeUInt8(wantsAnswer ? 1 : 0, ANSWER_AT)
  return setSequence(message, 0)
}

export function setSequence(message: Buffer, sequence: number): Buffer {
  message.writeUInt32LE(sequence, 0)
  return message
}

export const sequenceOf = (message: Buffer): number => message.readUInt32LE(0)
export const clientOf = (message: Buffer): number => message.readUInt16LE(CLIENT_AT)
export const wantsAnswer = (message: Buffer): boolean => message[ANSWER_AT] === 1

/** Whether every byte after the header is right. */
export function isIntact(message: Buffer): boolean {
  if (message.length < HEADER_BYTES) return false
  const expected = patternAt(clientOf(message), message.length)
  return expected.compare(message, HEADER_BYTES, message.length, HEADER_BYTES) === 0
}

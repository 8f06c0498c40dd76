import { isStream, type TransportName } from '@sock/tools/transports'
import { clientOf, HEADER_BYTES, isIntact, patternAt, sequenceOf, wantsAnswer } from './message.js'

/**
 * `echo` answers everything, and the generator compares. So does `idle`, whose server tells its memory, `drain`, whose
 * server shuts down, and `relay`, with an echo server behind it. `sink` checks what arrives. The others are messages in
 * a stream.
 */
export type WorkloadName = 'echo' | 'idle' | 'drain' | 'relay' | 'sink' | Framing
/** How messages are framed in a stream. */
export type Framing = 'lines' | 'frames'

export const isFramed = (name: WorkloadName): name is Framing => name === 'lines' || name === 'frames'
/** Whether the generator checks what comes back. Otherwise the server checks what arrives. */
export const isEcho = (name: WorkloadName): boolean => name !== 'sink' && !isFramed(name)

/** The handling of input, the same for all subjects. */
export interface Workload {
  readonly name: WorkloadName
  /** Called per connection, and once for a datagram socket. */
  readonly open: () => Session
  /** Returns the counts since the last report. */
  readonly report: () => Report
}

export interface Session {
  /** @param input a chunk, a datagram, or a message without its framing @returns the answer, if there is one */
  received(input: Uint8Array | string): Buffer | undefined
}

export interface Report {
  /** The number of datagrams, lines or frames; 0 for chunks. */
  messages: number
  bytes: number
  /** The first error in the input, as a sentence. */
  fault?: string | undefined
}

export function createWorkload(name: WorkloadName, transport: TransportName): Workload {
  const tally: Report = { messages: 0, bytes: 0 }
  const report = (): Report => {
    const taken = { ...tally }
    Object.assign(tally, { messages: 0, bytes: 0, fault: undefined })
    return taken
  }
  if (isEcho(name)) return { name, report, open: () => ECHO }
  if (isFramed(name)) return { name, report, open: () => countMessages(tally, name) }
  return { name, report, open: () => (isStream(transport) ? checkBytes(tally) : checkDatagrams(tally)) }
}

const ECHO: Session = { received: (chunk: Buffer) => chunk }

/** Reads a stream to its end, and checks every byte. */
function checkBytes(tally: Report): Session {
  let position = 0
  return {
    received(chunk: Buffer) {
      if (!patternAt(position, chunk.length).equals(chunk))
        tally.fault ??= `the server got wrong bytes after ${position}`
      position += chunk.length
      tally.bytes += chunk.length
      return undefined
    },
  }
}

/** Checks each datagram, and answers those that ask for it. The count shows losses. */
function checkDatagrams(tally: Report): Session {
  /** The sequence number of the last datagram of each client. */
  const last = new Map<number, number>()
  return {
    received(message: Buffer) {
      tally.messages += 1
      tally.bytes += message.length
      if (!isIntact(message)) {
        tally.fault ??= `the server got a damaged datagram of ${message.length} bytes`
        return undefined
      }
      const client = clientOf(message)
      const sequence = sequenceOf(message)
      const before = last.get(client) ?? -1
      // The clients of each round begin with 0.
      if (sequence <= before && sequence !== 0)
        tally.fault ??= `the server got datagram ${sequence} of client ${client} after ${before}`
      last.set(client, sequence)
      return wantsAnswer(message) ? message.subarray(0, HEADER_BYTES) : undefined
    },
  }
}

export const LINE_BYTES = 64
export const FRAME_BYTES = 1400
/** The size of the length in front of a frame, in bytes. */
export const PREFIX_BYTES = 4

/** The messages of one round, which clients send again and again: each about 64 KiB. */
const ROUNDS = {
  lines: Array.from({ length: 1000 }, (_, i) => `${i} `.padEnd(LINE_BYTES, 'a line of text ')),
  frames: Array.from({ length: 46 }, (_, i) => patternAt(i * FRAME_BYTES, FRAME_BYTES)),
}

/** Returns a round as it goes over the stream. */
export function roundOf(framing: Framing): Buffer {
  if (framing === 'lines') return Buffer.from(ROUNDS.lines.map((line) => `${line}\n`).join(''))
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(FRAME_BYTES)
  return Buffer.concat(ROUNDS.frames.flatMap((frame) => [prefix, frame]))
}

/** Counts messages, and compares each with the one that was sent. */
function countMessages(tally: Report, framing: Framing): Session {
  const expected = ROUNDS[framing]
  const size = framing === 'lines' ? LINE_BYTES + 1 : FRAME_BYTES + PREFIX_BYTES
  let next = 0
  return {
    received(message) {
      tally.messages += 1
      tally.bytes += size
      if (!isSame(message, expected[next] as string | Buffer))
        tally.fault ??= `the server got a wrong message after ${next}`
      next = next + 1 === expected.length ? 0 : next + 1
      return undefined
    },
  }
}

/** Compares whole lines, but only the length and both ends of frames: more would cost more than the framing. */
function isSame(message: string | Uint8Array, expected: string | Uint8Array): boolean {
  if (typeof message === 'string') return message === expected
  const last = expected.length - 1
  return message.length === expected.length && message[0] === expected[0] && message[last] === expected[last]
}

import { isStream, type TransportName } from '@sock/tools/transports'
import {
  clientOf,
  HEADER_BYTES,
  isIntact,
  patternAt,
  PositionCheck,
  sequenceOf,
  wantsAnswer,
} from './message.js'

/**
 * `echo` answers everything, and the generator compares; `relay` has an echo server behind it for that. `sink` checks
 * what arrives. The others are messages in a stream.
 */
export type WorkloadName = 'echo' | 'relay' | 'sink' | Framing
/** How messages are framed in a stream. */
export type Framing = 'lines' | 'frames'

export const isFramed = (name: WorkloadName): name is Framing => name === 'lines' || name === 'frames'

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
  fault?: string
  /** The sequence number that may come next from each client that sends datagrams. */
  readonly next: Map<number, number>
}

class Tally {
  report: Report = { messages: 0, bytes: 0, next: new Map() }

  take(): Report {
    const taken = this.report
    this.report = { messages: 0, bytes: 0, next: new Map() }
    return taken
  }
}

export function createWorkload(name: WorkloadName, transport: TransportName): Workload {
  const tally = new Tally()
  const report = (): Report => tally.take()
  if (isFramed(name)) return { name, report, open: () => countMessages(tally, name) }
  if (name === 'echo' || name === 'relay') return { name, report, open: () => ECHO }
  return { name, report, open: () => (isStream(transport) ? checkBytes(tally) : checkDatagrams(tally)) }
}

const ECHO: Session = { received: (chunk: Buffer) => chunk }

/** Reads a stream to its end, and checks every byte. */
function checkBytes(tally: Tally): Session {
  const check = new PositionCheck()
  return {
    received(chunk: Buffer) {
      const { report } = tally
      report.bytes += chunk.length
      if (!check.accept(chunk)) report.fault ??= `the server got wrong bytes after ${check.position}`
      return undefined
    },
  }
}

/** Checks each datagram, and answers those that ask for it. The count shows losses. */
function checkDatagrams(tally: Tally): Session {
  return {
    received(message: Buffer) {
      const { report } = tally
      report.messages += 1
      report.bytes += message.length
      if (!isIntact(message)) {
        report.fault ??= `the server got a damaged datagram of ${message.length} bytes`
        return undefined
      }
      const client = clientOf(message)
      const sequence = sequenceOf(message)
      const least = report.next.get(client) ?? 0
      if (sequence < least)
        report.fault ??= `the server got datagram ${sequence} of client ${client} after ${least - 1}`
      report.next.set(client, sequence + 1)
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
function countMessages(tally: Tally, framing: Framing): Session {
  const expected = ROUNDS[framing]
  const size = framing === 'lines' ? LINE_BYTES + 1 : FRAME_BYTES + PREFIX_BYTES
  let next = 0
  return {
    received(message) {
      const { report } = tally
      report.messages += 1
      report.bytes += size
      if (!isSame(message, expected[next] as string | Buffer))
        report.fault ??= `the server got a wrong message after ${next}`
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

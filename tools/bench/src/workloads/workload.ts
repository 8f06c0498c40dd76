import { isStream, type TransportName } from '@sock/tools/transports'
import { createMessageSink, type Framing } from './framed.js'
import { clientOf, HEADER_BYTES, isIntact, PositionCheck, sequenceOf, wantsAnswer } from './message.js'

/** The handling of input, the same for all subjects. */
export interface Workload {
  readonly name: WorkloadName
  /** Called per connection, and once for a datagram socket. */
  open(): Session
  /** Returns the counts since the last report. */
  report(): Report
}

export interface Session {
  /** @returns the answer, if there is one */
  received(chunk: Buffer): Buffer | undefined
}

export interface Report {
  /** The number of datagrams; 0 for streams. */
  messages: number
  bytes: number
  /** The first error in the input, as a sentence. */
  fault?: string | undefined
}

export type WorkloadName = 'echo' | 'sink' | Framing

export function createWorkload(name: WorkloadName, transport: TransportName): Workload {
  if (name === 'lines' || name === 'frames') return createMessageSink(name)
  if (name === 'sink') return isStream(transport) ? createStreamSink() : createDatagramSink()
  // Echo everything; the generator compares.
  const session: Session = { received: (chunk) => chunk }
  return { name, open: () => session, report: () => ({ messages: 0, bytes: 0 }) }
}

/** Reads streams to their end, and checks every byte. */
function createStreamSink(): Workload {
  let report: Report = { messages: 0, bytes: 0 }
  return {
    name: 'sink',
    report: () => {
      const taken = report
      report = { messages: 0, bytes: 0 }
      return taken
    },
    open(): Session {
      const check = new PositionCheck()
      return {
        received(chunk) {
          report.bytes += chunk.length
          if (!check.accept(chunk)) report.fault ??= `the server got wrong bytes after ${check.position}`
          return undefined
        },
      }
    },
  }
}

/** Checks each datagram, and answers those that ask for it. The count shows losses. */
function createDatagramSink(): Workload {
  let report: Report = { messages: 0, bytes: 0 }
  const expected = new Map<number, number>()
  return {
    name: 'sink',
    report() {
      expected.clear()
      const taken = report
      report = { messages: 0, bytes: 0 }
      return taken
    },
    open: () => ({
      received(message) {
        report.messages += 1
        report.bytes += message.length
        if (!isIntact(message)) {
          report.fault ??= `the server got a damaged datagram of ${message.length} bytes`
          return undefined
        }
        const client = clientOf(message)
        const sequence = sequenceOf(message)
        const least = expected.get(client) ?? 0
        if (sequence < least)
          report.fault ??= `the server got datagram ${sequence} of client ${client} after ${least - 1}`
        expected.set(client, sequence + 1)
        return wantsAnswer(message) ? message.subarray(0, HEADER_BYTES) : undefined
      },
    }),
  }
}

import { clientOf, HEADER_BYTES, isIntact, sequenceOf, wantsAnswer } from './message.js'
import { PositionCheck } from './pattern.js'
import type { Report, Session, Workload } from './workload.js'

/** Counts, and keeps the first of what is wrong. */
class Tally {
  #messages = 0
  #bytes = 0
  #fault: string | undefined

  add(bytes: number): void {
    this.#messages += 1
    this.#bytes += bytes
  }

  wrong(fault: string): void {
    this.#fault ??= fault
  }

  take(): Report {
    const report = {
      messages: this.#messages,
      bytes: this.#bytes,
      faults: this.#fault === undefined ? [] : [this.#fault],
    }
    this.#messages = 0
    this.#bytes = 0
    this.#fault = undefined
    return report
  }
}

/** Reads streams to their end, and checks every byte. */
export function createStreamSink(): Workload {
  const tally = new Tally()
  return {
    report: () => tally.take(),
    open(): Session {
      const check = new PositionCheck()
      return {
        received(chunk) {
          tally.add(chunk.length)
          if (!check.accept(chunk)) tally.wrong(`the server got wrong bytes after ${check.position}`)
          return undefined
        },
      }
    },
  }
}

/** Takes datagrams in, checks each, and answers those that want it. What is missing shows in the count. */
export function createDatagramSink(): Workload {
  const tally = new Tally()
  const expected = new Map<number, number>()
  return {
    report() {
      expected.clear()
      return tally.take()
    },
    open: () => ({
      received(message) {
        tally.add(message.length)
        if (!isIntact(message)) {
          tally.wrong(`the server got a damaged datagram of ${message.length} bytes`)
          return undefined
        }
        const client = clientOf(message)
        const sequence = sequenceOf(message)
        const least = expected.get(client) ?? 0
        if (sequence < least)
          tally.wrong(`the server got datagram ${sequence} of client ${client} after ${least - 1}`)
        expected.set(client, sequence + 1)
        return wantsAnswer(message) ? message.subarray(0, HEADER_BYTES) : undefined
      },
    }),
  }
}

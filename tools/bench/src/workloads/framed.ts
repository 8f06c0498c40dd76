import { patternAt } from './message.js'
import type { Report, Workload } from './workload.js'

/** How messages are framed in a stream. */
export type Framing = 'lines' | 'frames'

export const LINE_BYTES = 64
export const FRAME_BYTES = 1400
/** The size of the length in front of a frame, in bytes. */
export const PREFIX_BYTES = 4
/** The number of different messages: together about 64 KiB. */
const COUNTS = { lines: 1000, frames: 46 }

/** The handling of each message, the same for all subjects. */
export interface MessageSession {
  received(message: string | Uint8Array): undefined
}

/** Returns the messages of one round in one buffer, which clients send again and again. */
export function roundOf(framing: Framing): Buffer {
  if (framing === 'lines') return Buffer.from(linesOf().join(''))
  const frames = framesOf().map((frame) => {
    const head = Buffer.alloc(PREFIX_BYTES)
    head.writeUInt32BE(frame.length)
    return Buffer.concat([head, frame])
  })
  return Buffer.concat(frames)
}

const linesOf = (): string[] =>
  Array.from({ length: COUNTS.lines }, (_, i) => `${`${i} `.padEnd(LINE_BYTES, 'a line of text ')}\n`)

const framesOf = (): Buffer[] =>
  Array.from({ length: COUNTS.frames }, (_, i) => patternAt(i * FRAME_BYTES, FRAME_BYTES))

/** Counts messages, and compares each with the one that was sent: the whole line, or the length and both ends of a frame. */
export function createMessageSink(framing: Framing): Workload {
  let report: Report = { messages: 0, bytes: 0 }
  const isRight = framing === 'lines' ? checkLines() : checkFrames()
  const size = framing === 'lines' ? LINE_BYTES + 1 : FRAME_BYTES + PREFIX_BYTES
  const count = COUNTS[framing]
  return {
    name: framing,
    report() {
      const taken = report
      report = { messages: 0, bytes: 0 }
      return taken
    },
    open() {
      let next = 0
      const session: MessageSession = {
        received(message) {
          report.messages += 1
          report.bytes += size
          if (!isRight(message, next)) report.fault ??= `the server got a wrong message after ${next}`
          next = next + 1 === count ? 0 : next + 1
          return undefined
        },
      }
      return session
    },
  }
}

type Check = (message: string | Uint8Array, index: number) => boolean

function checkLines(): Check {
  const lines = linesOf().map((line) => line.slice(0, -1))
  return (line, index) => line === lines[index]
}

function checkFrames(): Check {
  const frames = framesOf()
  return (message, index) => {
    const expected = frames[index] as Buffer
    const last = FRAME_BYTES - 1
    return message.length === FRAME_BYTES && message[0] === expected[0] && message[last] === expected[last]
  }
}

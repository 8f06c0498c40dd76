import { openSync } from 'node:fs'
import { devNull } from 'node:os'
import type { Broken, ServerRecord } from './messages.js'

/** What a server does wrong on purpose, so that a run can show that its verdict finds it. */
export interface Mistakes {
  /** What is reported instead of `record`. */
  record(record: ServerRecord): ServerRecord
  /** How often an event of a connection is seen. */
  readonly eventsSeen: number
}

/** Every so many sessions something goes wrong. */
const EVERY = 20
/** What is kept of each, in numbers of 8 bytes: 25 of them, over all of a run, are more than its heap may grow by. */
const KEPT = 5_000

export function createMistakes(broken: Broken | undefined): Mistakes {
  const kept: number[][] = []
  let count = 0
  return {
    record(record) {
      count += 1
      if (broken === 'heap') kept.push(Array.from({ length: KEPT }, Math.random))
      if (count % EVERY !== 0) return record
      // Never closed.
      if (broken === 'descriptors') openSync(devNull, 'r')
      return broken === 'byte' && record.delivered > 0
        ? { ...record, delivered: record.delivered - 1 }
        : record
    },
    eventsSeen: broken === 'order' ? 2 : 1,
  }
}

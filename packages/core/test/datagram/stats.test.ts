import { expect, it } from '@jest/globals'
import type { DatagramServerStats } from '../../src/index.js'
import { addStats, NO_STATS } from '../../src/lib/datagram/stats.js'

/** Counters that all differ: the first one, and each next one greater. */
function statsFrom(first: number): DatagramServerStats {
  let next = first
  return {
    open: next++,
    handlerErrors: next++,
    datagramsReceived: next++,
    datagramsSent: next++,
    datagramsDropped: { queueFull: next++, unread: next++, closing: next++, kernel: next++ },
    sendErrors: next++,
    sendQueueBytes: next++,
    bytesRead: next++,
    bytesWritten: next++,
  }
}

it('addStats() adds counters, and takes current values from the newer', () => {
  const [older, newer] = [statsFrom(100), statsFrom(1_000)]
  expect(addStats(older, newer)).toEqual({
    open: 1_000,
    handlerErrors: 1_102,
    datagramsReceived: 1_104,
    datagramsSent: 1_106,
    datagramsDropped: { queueFull: 1_108, unread: 1_110, closing: 1_112, kernel: 1_114 },
    sendErrors: 1_116,
    sendQueueBytes: 1_009,
    bytesRead: 1_120,
    bytesWritten: 1_122,
  })
})

it('NO_STATS adds nothing to other stats', () => {
  const stats = statsFrom(1)
  expect(addStats(NO_STATS, stats)).toEqual(stats)
  expect(addStats(stats, NO_STATS)).toEqual({ ...stats, open: 0, sendQueueBytes: 0 })
})

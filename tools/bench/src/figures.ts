import { quantileSorted } from 'simple-statistics'
import type { Counts } from './scenarios/load.js'
import type { Memory } from './server.js'
import type { Report } from './workload.js'

/** One round, as seen from outside the server. */
export interface Observed {
  /** What the generator has counted. */
  readonly counts: Counts
  /** What the server has counted. */
  readonly report: Report
  /** CPU time of the server, in seconds. */
  readonly cpuSeconds: number
  /** The memory of the server, in scenarios about that: before the connections, and with them. */
  readonly memory: readonly Memory[]
  /** How long the server took to shut down, in ms, if it did. */
  readonly drainTime: number | undefined
  /** The share of a core that the generator used. */
  readonly busy: number
  /** The number of datagrams that did not arrive, or were not answered. */
  readonly lost: number
}

export interface Metric {
  readonly name: string
  readonly unit: string
  readonly better: 'more' | 'less'
}

/** A metric, and how it follows from a round. */
export interface Figure extends Metric {
  readonly of: (round: Observed) => number
}

type Count = (round: Observed) => number

const MIB = 1024 * 1024

const counted: Count = ({ counts }) => counts.count
/** What has arrived at the server, in scenarios in which it does not answer everything. */
export const received: Count = ({ report }) => report.messages

/** How many there were per second, and the server's CPU time for each. */
export const perUnit = (unit: string, count = counted): readonly Figure[] => [
  { name: 'rate', unit: `${unit}/s`, better: 'more', of: (round) => count(round) / round.counts.seconds },
  {
    name: 'cpu',
    unit: `µs/${unit}`,
    better: 'less',
    of: (round) => (round.cpuSeconds * 1e6) / count(round),
  },
]

export const perMebibyte = perUnit('MiB', ({ counts }) => counts.bytes / MIB)

export const perDatagram = (count = counted): readonly Figure[] => [
  ...perUnit('datagram', count),
  {
    name: 'bytes',
    unit: 'MiB/s',
    better: 'more',
    of(round) {
      const { bytes, count: sent, seconds } = round.counts
      return (count(round) * (bytes / sent)) / seconds / MIB
    },
  },
]

/** `memory` is RSS without V8's new space, which all connections share. */
export const memoryPerConnection: readonly Figure[] = [
  grown('memory', ({ rss, nursery }) => rss - nursery),
  grown('heap', ({ heap }) => heap),
  grown('rss', ({ rss }) => rss),
]

function grown(name: string, size: (memory: Memory) => number): Figure {
  return {
    name,
    unit: 'B/connection',
    better: 'less',
    of({ memory: [before, after], counts }) {
      return before && after ? (size(after) - size(before)) / counts.count : Number.NaN
    },
  }
}

const SHARES = { p50: 0.5, p99: 0.99, 'p99.9': 0.999 }

export const percentiles: readonly Figure[] = Object.entries(SHARES).map(([name, share]) => ({
  name,
  unit: 'µs',
  better: 'less',
  of: ({ counts: { latencies = [] } }) => quantileSorted(latencies, share) * 1000,
}))

export const shutdownTime: readonly Figure[] = [
  { name: 'time', unit: 'ms', better: 'less', of: ({ drainTime }) => drainTime ?? Number.NaN },
]

import { quantileSorted } from 'simple-statistics'
import type { Counts } from './scenarios/load.js'
import type { Memory } from './server.js'
import type { Report } from './workload.js'

/** One round, as seen from outside the server. */
export interface Round extends Counts {
  /** What the server has counted. */
  readonly report: Report
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
  readonly of: (round: Round) => number
}

type Count = (round: Round) => number

const MIB = 1024 * 1024

const counted: Count = ({ count }) => count
/** What has arrived at the server, in scenarios in which it does not answer everything. */
export const received: Count = ({ report }) => report.messages

/** How many there were per second, and the server's CPU time for each. */
export const perUnit = (unit: string, count = counted): readonly Figure[] => [
  { name: 'rate', unit: `${unit}/s`, better: 'more', of: (round) => count(round) / round.seconds },
  {
    name: 'cpu',
    unit: `µs/${unit}`,
    better: 'less',
    of: (round) => ((round.cpuSeconds ?? Number.NaN) * 1e6) / count(round),
  },
]

export const perMebibyte = perUnit('MiB', ({ bytes }) => bytes / MIB)

export const perDatagram = (count = counted): readonly Figure[] => [
  ...perUnit('datagram', count),
  {
    name: 'bytes',
    unit: 'MiB/s',
    better: 'more',
    of: (round) => (count(round) * (round.bytes / round.count)) / round.seconds / MIB,
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
    of({ memory, count }) {
      return memory === undefined ? Number.NaN : (size(memory[1]) - size(memory[0])) / count
    },
  }
}

const SHARES = { p50: 0.5, p99: 0.99, 'p99.9': 0.999 }

export const percentiles: readonly Figure[] = Object.entries(SHARES).map(([name, share]) => ({
  name,
  unit: 'µs',
  better: 'less',
  of: ({ latencies = [] }) => quantileSorted(latencies, share) * 1000,
}))

export const shutdownTime: readonly Figure[] = [
  { name: 'time', unit: 'ms', better: 'less', of: ({ drainTime }) => drainTime ?? Number.NaN },
]

import { describe, expect, it } from '@jest/globals'
import type { DatagramTally, StreamTally } from '../../src/soak/messages.js'
import type { Sample } from '../../src/soak/sample.js'
import { judge, type Evidence } from '../../src/soak/verdict.js'

const MINUTES = 20

/** Samples of a process whose numbers only jitter; `grow` adds to each, by its number. */
function samplesOf(grow: (index: number) => Partial<Sample> = () => ({})): Sample[] {
  return Array.from({ length: MINUTES }, (_, index) => ({
    descriptors: 20,
    rss: 90e6 + (index % 3) * 1e6,
    newSpace: 1e6,
    heap: 10e6 + (index % 4) * 50_000,
    ...grow(index),
  }))
}

const stream: StreamTally = {
  kind: 'stream',
  transport: 'tcp',
  stats: {
    accepted: 100,
    open: 0,
    handshaking: 0,
    rejected: {
      connectionLimit: 5,
      descriptorLimit: 0,
      handshakeLimit: 0,
      handshakeTimeout: 0,
      handshakeFailed: 0,
    },
    idleClosed: 3,
    firstByteClosed: 0,
    lifetimeClosed: 0,
    overflowClosed: 0,
    handlerErrors: 4,
    bytesRead: 1_000,
    bytesWritten: 1_000,
  },
  opened: 100,
  closed: 100,
  reasons: { ended: 80, reset: 13, idle: 3, error: 4 },
  thrown: 4,
  shutdowns: { count: 2, members: 9, report: { idle: 4, drained: 4, forced: 1 } },
}
const datagram: DatagramTally = {
  kind: 'datagram',
  transport: 'udp',
  stats: {
    open: 0,
    handlerErrors: 2,
    datagramsReceived: 60,
    datagramsSent: 50,
    datagramsDropped: { queueFull: 3, unread: 0, closing: 2, kernel: 9 },
    sendErrors: 3,
    sendQueueBytes: 0,
    bytesRead: 1_000,
    bytesWritten: 1_000,
  },
  handled: 55,
  replied: 50,
  refused: 3,
  thrown: 2,
  shutdowns: 2,
}
const good: Evidence = {
  roles: ['server', 'polite', 'rude'],
  samples: { server: samplesOf(), polite: samplesOf(), rude: samplesOf() },
  last: { descriptors: 18, rss: 90e6, newSpace: 1e6, heap: 10e6 },
  tallies: [stream, datagram],
  findings: [],
  lost: [],
  totals: { matched: 10, exact: 8, acknowledged: 100, delivered: 100, cut: 0 },
  connects: { tcp: 110 },
  problem: undefined,
}

/** The names of the rows that fail. */
const failed = (change: Partial<Evidence>): string[] =>
  judge({ ...good, ...change })
    .filter(({ problems }) => problems.length > 0)
    .map(({ name }) => name)

const serverThat = (grow: (index: number) => Partial<Sample>): Partial<Evidence> => ({
  samples: { ...good.samples, server: samplesOf(grow) },
})

describe('judge()', () => {
  it('judge() lets a run pass in which everything is as it should be', () => {
    expect(failed({})).toEqual([])
  })

  it('judge() finds a single descriptor that stays', () => {
    expect(failed(serverThat((index) => ({ descriptors: index < 12 ? 20 : 21 })))).toEqual([
      'server: descriptors',
    ])
  })

  it('judge() finds a heap that grows a little with each round', () => {
    expect(failed(serverThat((index) => ({ heap: 10e6 + index * 200_000 })))).toEqual(['server: heap'])
  })

  it('judge() finds memory outside of the heap that grows', () => {
    expect(failed(serverThat((index) => ({ rss: 90e6 + index * 5e6 })))).toEqual(['server: rss'])
  })

  it('judge() does not take for a leak what garbage fills', () => {
    expect(failed(serverThat((index) => ({ rss: 90e6 + index * 5e6, newSpace: 1e6 + index * 5e6 })))).toEqual(
      [],
    )
  })

  it('judge() does not take the warm-up for a leak, nor a single peak', () => {
    expect(failed(serverThat((index) => ({ heap: index < 4 ? 4e6 : 10e6 })))).toEqual([])
    expect(failed(serverThat((index) => ({ heap: index === 15 ? 40e6 : 10e6 })))).toEqual([])
  })

  it('judge() finds what the ledger has found lost, and a run without any session', () => {
    expect(failed({ lost: ['tcp session 1: …'] })).toEqual(['bytes acknowledged, not delivered'])
    expect(failed({ totals: { ...good.totals, matched: 0 } })).toEqual(['bytes acknowledged, not delivered'])
  })

  it('judge() finds events out of order, and changed content', () => {
    expect(failed({ findings: [{ check: 'order', text: '…' }] })).toEqual(['events in order'])
    expect(failed({ findings: [{ check: 'content', text: '…' }] })).toEqual(['content'])
  })

  it.each<[string, StreamTally | DatagramTally]>([
    ['a connection that was never closed', { ...stream, closed: 99 }],
    ['a connection that is still counted', { ...stream, stats: { ...stream.stats, open: 1 } }],
    ['a reason too few', { ...stream, reasons: { ...stream.reasons, reset: 12 } }],
    ['a handler that failed unasked', { ...stream, thrown: 3 }],
    [
      'more connections than clients have made',
      {
        ...good.tallies[0],
        stats: { ...stream.stats, accepted: 111 },
        opened: 111,
        closed: 111,
        reasons: { ended: 104, idle: 3, error: 4 },
      } as StreamTally,
    ],
    ['a datagram that nobody has seen', { ...datagram, handled: 54 }],
    ['a reply that was not sent', { ...datagram, replied: 51 }],
  ])('judge() finds %s', (_, tally) => {
    expect(failed({ tallies: [tally] })).toEqual(['counters'])
  })

  it('judge() finds a shutdown whose report leaves somebody out', () => {
    const { shutdowns } = stream
    const tally = { ...stream, shutdowns: { ...shutdowns, members: shutdowns.members + 1 } }
    expect(failed({ tallies: [tally, datagram] })).toEqual(['restarts'])
  })

  it('judge() finds a descriptor that is left after the last shutdown', () => {
    expect(failed({ last: { descriptors: 19, rss: 90e6, newSpace: 1e6, heap: 10e6 } })).toEqual([
      'after the last shutdown',
    ])
  })

  it('judge() finds a process that has ended in another way than it was told to', () => {
    expect(failed({ problem: 'server ended with SIGSEGV' })).toEqual(['processes'])
  })
})

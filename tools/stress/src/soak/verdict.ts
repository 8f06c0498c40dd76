import type { Check, DatagramTally, StreamTally, Tally } from './messages.js'
import type { Totals } from './ledger.js'
import type { Role } from './options.js'
import type { Sample } from './sample.js'
import type { Row } from './row.js'
import { judgeTrend } from './trend.js'
import type { TransportName } from './transports.js'

/** Everything a verdict is based on. */
export interface Evidence {
  readonly roles: readonly Role[]
  /** Per process: one before anything was done, then one per round when all was quiet. */
  readonly samples: Readonly<Record<Role, readonly Sample[]>>
  /** Of the server, when all its servers were shut down. */
  readonly last: Sample | undefined
  readonly tallies: readonly Tally[]
  readonly findings: readonly Finding[]
  /** What the ledger has found lost. */
  readonly lost: readonly string[]
  readonly totals: Readonly<Totals>
  /** How often clients of a stream transport have tried to connect. */
  readonly connects: Readonly<Partial<Record<TransportName, number>>>
  /** Why it ended before its time. */
  readonly problem: string | undefined
}

export interface Finding {
  readonly check: Check
  readonly text: string
}

/** Judges. The rows are always the same, so that two runs can be compared. */
export function judge(evidence: Evidence): Row[] {
  const { roles, samples, totals, tallies } = evidence
  const findings = (check: Check): string[] =>
    evidence.findings.filter((one) => one.check === check).map(({ text }) => text)
  const streams = tallies.filter((tally) => tally.kind === 'stream')
  const sessions = `${totals.matched} sessions, ${totals.exact} of them to the byte`
  return [
    ...roles.flatMap((role) => [
      judgeDescriptors(role, samples[role]),
      judgeTrend(
        `${role}: heap`,
        samples[role].map(({ heap }) => heap),
        HEAP,
      ),
      judgeTrend(
        `${role}: rss`,
        // Garbage fills the new space, up to 48 MiB, whenever it happens to.
        samples[role].map(({ rss, newSpace }) => rss - newSpace),
        RSS,
      ),
    ]),
    {
      name: 'bytes acknowledged, not delivered',
      seen: `${sessions}, ${totals.acknowledged} bytes acknowledged, ${totals.delivered} delivered`,
      problems: totals.matched === 0 ? ['no session at all', ...evidence.lost] : evidence.lost,
    },
    { name: 'content', seen: 'every frame compared', problems: findings('content') },
    {
      name: 'events in order',
      seen: `${sum(streams, ({ opened }) => opened)} connections observed`,
      problems: findings('order'),
    },
    {
      name: 'counters',
      seen: tallies.map(describe).join('; '),
      problems: [
        ...findings('counters'),
        ...tallies.flatMap(countersOf),
        ...streams.flatMap((tally) => surplusOf(tally, evidence.connects)),
      ],
    },
    {
      name: 'restarts',
      seen: `${sum(tallies, (tally) => (tally.kind === 'stream' ? tally.shutdowns.count : tally.shutdowns))} shutdowns`,
      problems: [...findings('restarts'), ...streams.flatMap(reportsOf)],
    },
    {
      name: 'processes',
      seen: `${roles.length} ended by themselves`,
      problems:
        evidence.problem === undefined ? findings('processes') : [evidence.problem, ...findings('processes')],
    },
    {
      name: 'after the last shutdown',
      seen: `${evidence.last?.descriptors ?? '?'} descriptors`,
      problems: leftovers(samples.server, evidence.last, tallies.length),
    },
  ]
}

/**
 * Of 100 connections a second, one that left 200 bytes would make 1.2 MB in a minute. What engines keep of compiled code and
 * of pools is less than that, once they are warm.
 */
const HEAP = { least: 1_000_000, part: 0.05 }
/** The allocator keeps pages of past peaks, each peak another: in a short run that is all one sees. */
const RSS = { least: 24_000_000, part: 0.1 }

function judgeDescriptors(role: Role, samples: readonly Sample[]): Row {
  const [first, ...rest] = samples.map(({ descriptors }) => descriptors)
  const worst = rest.find((count) => count !== first)
  const name = `${role}: descriptors`
  if (rest.length === 0) return { name, seen: 'no samples', problems: ['no samples'] }
  if (first === undefined) return { name, seen: 'the system does not tell', problems: [] }
  return {
    name,
    seen: `${first} at the start, ${rest.at(-1)} at the end, ${rest.length} times looked at`,
    problems: worst === undefined ? [] : [`${first} at the start, then ${worst}`],
  }
}

/** @param listeners descriptors that servers had while they listened, one each */
function leftovers(samples: readonly Sample[], last: Sample | undefined, listeners: number): string[] {
  const before = samples[0]?.descriptors
  if (last === undefined) return ['the server did not answer']
  if (before === undefined || last.descriptors === undefined || last.descriptors <= before - listeners)
    return []
  return [`${last.descriptors} descriptors, ${before} with ${listeners} listeners`]
}

const describe = (tally: Tally): string =>
  tally.kind === 'stream'
    ? `${tally.transport} ${tally.stats.accepted} accepted`
    : `${tally.transport} ${tally.stats.datagramsReceived} received`

const countersOf = (tally: Tally): string[] =>
  (tally.kind === 'stream' ? ofStream(tally) : ofDatagrams(tally)).flatMap(([what, one, other]) =>
    one === other ? [] : [`${tally.transport}: ${what}: ${one} and ${other}`],
  )

/** Nobody can have been served or turned away who has not tried; those that gave up may never have been seen. */
function surplusOf({ transport, stats }: StreamTally, connects: Evidence['connects']): string[] {
  const { connectionLimit, handshakeFailed, handshakeTimeout } = stats.rejected
  const met = stats.accepted + connectionLimit + handshakeFailed + handshakeTimeout
  const tried = connects[transport] ?? 0
  return met <= tried ? [] : [`${transport}: ${met} accepted or rejected, ${tried} connects of clients`]
}

type Equation = readonly [what: string, one: number, other: number]

function ofStream({ stats, opened, closed, reasons, thrown }: StreamTally): Equation[] {
  return [
    ['accepted, and seen as new', stats.accepted, opened],
    ['accepted, and closed + open', stats.accepted, closed + stats.open],
    ['open at the end, and none', stats.open, 0],
    ['handshaking at the end, and none', stats.handshaking, 0],
    ['closed, and the sum of reasons', closed, sum(Object.values(reasons), (count) => count)],
    ['closed as idle, and the reason', stats.idleClosed, reasons['idle'] ?? 0],
    ['failed handlers, and those that were to fail', stats.handlerErrors, thrown],
  ]
}

function ofDatagrams({ stats, handled, replied, refused, thrown }: DatagramTally): Equation[] {
  const { queueFull, unread, closing } = stats.datagramsDropped
  return [
    ['received, and handled + dropped', stats.datagramsReceived, handled + queueFull + unread + closing],
    ['sent, and replies that resolved', stats.datagramsSent, replied],
    ['send errors, and replies that were refused', stats.sendErrors, refused],
    ['failed handlers, and those that were to fail', stats.handlerErrors, thrown],
    ['waiting to be sent at the end, and none', stats.sendQueueBytes, 0],
  ]
}

/** With TLS, peers in a handshake are forced too, which no observer of connections sees. */
function reportsOf({ transport, shutdowns }: StreamTally): string[] {
  const { idle, drained, forced } = shutdowns.report
  const reported = idle + drained + forced
  const isRight = transport === 'tls' ? reported >= shutdowns.members : reported === shutdowns.members
  return isRight
    ? []
    : [`${transport}: ${reported} in the reports of shutdowns, ${shutdowns.members} observed`]
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}

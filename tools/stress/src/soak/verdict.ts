import { compareDatagrams } from '../world/datagrams.js'
import { compare } from '../world/ledger.js'
import type { Report, SoakChild } from './child.js'
import { ROLES, type Role, type Sample } from './setup.js'

/** One line of the verdict: the subject, the result, and the problems. */
export interface Row {
  readonly name: string
  readonly seen: string
  readonly problems: readonly string[]
}

/** How many problems of each kind are kept. */
const MAX_KEPT = 10
/** The share of the samples to ignore: at first, memory grows because code is compiled and pools fill. */
const WARM_UP = 0.25
/** The minimum of samples after that: fewer rounds, as before Ctrl-C, show no trend. */
const MIN_SAMPLES = 10
/**
 * The allowed growth in bytes, or as a share of the former size. If each of 100 connections a second left 200 bytes, that would
 * be 1.2 MB of heap in a minute. The allocator keeps pages of past peaks, which dominate the RSS of a short run.
 */
const GROWTH = { heap: { least: 1_000_000, part: 0.05 }, rss: { least: 24_000_000, part: 0.1 } }

/** Collects the reports of all processes, and judges them at the end. Each run has the same rows, so that runs can be compared. */
export class Verdict {
  finish: Awaited<ReturnType<SoakChild['finish']>> | undefined
  /** Why the run ended early, and how processes ended that should not have. */
  readonly processes: string[] = []
  readonly #seen = { ends: 0, whole: 0, bytes: 0, datagrams: 0 }
  readonly #samples: Record<Role, Sample[]> = { servers: [], clients: [] }
  readonly #lost: string[] = []
  readonly #faults: string[] = []

  /** The progress, as a line for the screen. */
  get progress(): string {
    const { ends, whole, bytes } = this.#seen
    const { descriptors, rss, heap } = this.#samples.servers.at(-1) ?? { rss: 0, heap: 0 }
    const sizes = `${descriptors ?? '?'} descriptors, rss ${megabytes(rss)}, heap ${megabytes(heap)}`
    const problems = this.#lost.length + this.#faults.length
    return `${ends} ends, ${whole} whole, ${megabytes(bytes)} · servers ${sizes} · ${problems} problems`
  }

  /** Whether memory grows more than is normal. */
  get grows(): boolean {
    return this.#trends().some(({ problems }) => problems.length > 0)
  }

  /** Adds the reports of one round, after which no operation is pending. @returns the new problems */
  add(reports: Readonly<Record<Role, Report>>): string[] {
    const accounts = ROLES.flatMap((role) => reports[role].accounts)
    const datagrams = ROLES.flatMap((role) => reports[role].datagrams)
    const { whole, problems } = compare(accounts, true)
    const seen = this.#seen
    seen.ends += accounts.length
    seen.whole += whole
    for (const { length } of accounts) seen.bytes += length
    for (const { requests, answers } of datagrams) seen.datagrams += requests.arrived + answers.arrived
    for (const role of ROLES) this.#samples[role].push(reports[role].sample)
    const keep = (list: string[], more: readonly string[]): string[] => {
      const kept = more.slice(0, MAX_KEPT - list.length)
      list.push(...kept)
      return kept
    }
    const faults = ROLES.flatMap((role) => reports[role].faults.map((fault) => `${role}: ${fault}`))
    return [...keep(this.#lost, [...problems, ...compareDatagrams(datagrams)]), ...keep(this.#faults, faults)]
  }

  judge(): Row[] {
    const { finish, processes } = this
    const { ends, whole, datagrams } = this.#seen
    const counts = `${ends} ends of connections, ${whole} streams whole, ${datagrams} datagrams`
    const nothing = whole + datagrams === 0 ? ['nothing at all'] : []
    const first = this.#samples.servers[0]?.descriptors ?? 0
    const left = finish?.sample.descriptors ?? 0
    const closed = left < first || first === 0 ? [] : [`${left} descriptors, ${first} with the servers`]
    const row = (name: string, seen: string, problems: readonly string[]): Row => ({ name, seen, problems })
    return [
      ...ROLES.map((role) => judgeDescriptors(role, this.#samples[role])),
      ...this.#trends(),
      row('bytes and datagrams', counts, [...nothing, ...this.#lost]),
      row('events, content, promises', 'each one', this.#faults),
      row('counters and shutdowns', `${finish?.done.join('; ')}`, finish?.problems ?? ['no answer']),
      row('processes', `${ROLES.length} were started`, processes),
      row('after the last shutdown', `${left} descriptors`, closed),
    ]
  }

  #trends(): Row[] {
    const judge = (kind: 'heap' | 'rss') => ROLES.map((role) => judgeTrend(role, kind, this.#samples[role]))
    return [...judge('heap'), ...judge('rss')]
  }
}

function judgeDescriptors(role: Role, samples: readonly Sample[]): Row {
  const [first, ...rest] = samples.map(({ descriptors }) => descriptors)
  const worst = rest.find((count) => count !== first)
  const problems = worst === undefined ? [] : [`${first} at the start, then ${worst}`]
  const seen = `${first} at the start, ${rest.at(-1)} at the end, ${rest.length} times looked at`
  return { name: `${role}: descriptors`, seen, problems: rest.length === 0 ? ['no samples'] : problems }
}

/** Compares the medians of the early and the late half of the samples, after the warm-up. */
function judgeTrend(role: Role, kind: 'heap' | 'rss', samples: readonly Sample[]): Row {
  const name = `${role}: ${kind}`
  const warm = samples.map((one) => one[kind]).slice(Math.max(1, Math.ceil(samples.length * WARM_UP)))
  if (warm.length < MIN_SAMPLES)
    return { name, seen: `${warm.length} samples: too few to judge`, problems: [] }
  const half = Math.floor(warm.length / 2)
  const [early, late] = [median(warm.slice(0, half)), median(warm.slice(-half))]
  const allowed = Math.max(GROWTH[kind].least, early * GROWTH[kind].part)
  const problem = `grew by ${megabytes(late - early)}, ${megabytes(allowed)} would be normal`
  const seen = `${megabytes(early)} early, ${megabytes(late)} late`
  return { name, seen, problems: late - early <= allowed ? [] : [problem] }
}

/** The middle one; of an even number, the lower one of two. */
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? 0

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

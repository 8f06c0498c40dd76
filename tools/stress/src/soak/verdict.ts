import { compare } from '../world/ledger.js'
import type { Report } from './child.js'
import type { Sample } from './sample.js'

/** The child processes. */
export const ROLES = ['servers', 'clients'] as const
export type Role = (typeof ROLES)[number]

/** One line of the verdict: the subject, and its problems. */
interface Row {
  readonly name: string
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
  readonly #seen = { ends: 0, whole: 0, bytes: 0, datagrams: 0 }
  readonly #samples: Record<Role, Sample[]> = { servers: [], clients: [] }
  /** Differences between what was written and read; all other faults; what was found after the last shutdown. */
  readonly #lost: string[] = []
  readonly #faults: string[] = []
  #atEnd: readonly string[] = ['the last shutdown did not end']

  /** What was compared so far, as a line. */
  get progress(): string {
    const { ends, whole, bytes, datagrams } = this.#seen
    const { descriptors, rss, heap } = this.#samples.servers.at(-1) ?? { descriptors: 0, rss: 0, heap: 0 }
    const sizes = `${descriptors} descriptors, rss ${megabytes(rss)}, heap ${megabytes(heap)}`
    const counts = `${ends} ends closed, ${whole} with everything delivered, ${megabytes(bytes)} and ${datagrams} datagrams compared`
    return `${counts} · servers: ${sizes} · ${this.#lost.length + this.#faults.length} problems`
  }

  /** Whether memory grows more than is normal. */
  get grows(): boolean {
    return this.#trends().some(({ problems }) => problems.length > 0)
  }

  /** Adds the reports of one round, after which no operation is pending. @returns the new problems */
  add(reports: Readonly<Record<Role, Report>>): string[] {
    const accounts = ROLES.flatMap((role) => reports[role].accounts)
    const { whole, datagrams, problems } = compare(accounts, true)
    const seen = this.#seen
    seen.ends += accounts.length
    seen.whole += whole
    seen.datagrams += datagrams
    for (const { isStream, length } of accounts) if (isStream) seen.bytes += length
    for (const role of ROLES) this.#samples[role].push(reports[role].sample)
    const faults = ROLES.flatMap((role) => reports[role].faults.map((fault) => `${role}: ${fault}`))
    return [...keep(this.#lost, problems), ...keep(this.#faults, faults)]
  }

  /** Adds why the run ended early, or a process. */
  failed(how: string | undefined): void {
    if (how !== undefined) this.#faults.push(how)
  }

  /** Adds what was found after the last shutdown. */
  finish(problems: readonly string[], { descriptors: left }: Sample): void {
    const first = this.#samples.servers[0]?.descriptors ?? 0
    const isClosed = left < first || first === 0
    this.#atEnd = isClosed ? problems : [...problems, `${left} descriptors, ${first} with the servers`]
  }

  judge(): Row[] {
    const { whole, datagrams } = this.#seen
    const nothing = whole + datagrams === 0 ? ['nothing at all'] : []
    return [
      ...ROLES.map((role) => judgeDescriptors(role, this.#samples[role])),
      ...this.#trends(),
      { name: 'bytes and datagrams', problems: [...nothing, ...this.#lost] },
      { name: 'events, content, promises, processes', problems: this.#faults },
      { name: 'counters, and what is left after the last shutdown', problems: this.#atEnd },
    ]
  }

  #trends(): Row[] {
    return ROLES.flatMap((role) =>
      (['heap', 'rss'] as const).map((kind) => judgeTrend(role, kind, this.#samples[role])),
    )
  }
}

function keep(list: string[], more: readonly string[]): string[] {
  const kept = more.slice(0, MAX_KEPT - list.length)
  list.push(...kept)
  return kept
}

function judgeDescriptors(role: Role, samples: readonly Sample[]): Row {
  const [first, ...rest] = samples.map(({ descriptors }) => descriptors)
  const worst = rest.find((count) => count !== first)
  const problems = worst === undefined ? [] : [`${first} at the start, then ${worst}`]
  return { name: `${role}: descriptors`, problems: rest.length === 0 ? ['no samples'] : problems }
}

/** Compares the medians of the early and the late half of the samples, after the warm-up. */
function judgeTrend(role: Role, kind: 'heap' | 'rss', samples: readonly Sample[]): Row {
  const name = `${role}: ${kind}`
  const warm = samples.map((one) => one[kind]).slice(Math.max(1, Math.ceil(samples.length * WARM_UP)))
  if (warm.length < MIN_SAMPLES) return { name: `${name} (too few samples to judge)`, problems: [] }
  const half = Math.floor(warm.length / 2)
  const [early, late] = [median(warm.slice(0, half)), median(warm.slice(-half))]
  const allowed = Math.max(GROWTH[kind].least, early * GROWTH[kind].part)
  const problem = `from ${megabytes(early)} to ${megabytes(late)}: ${megabytes(allowed)} more would be normal`
  return { name, problems: late - early <= allowed ? [] : [problem] }
}

/** The middle one; of an even number, the lower one of two. */
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? 0

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

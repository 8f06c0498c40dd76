import { compareDatagrams } from '../world/datagrams.js'
import { compare } from '../world/ledger.js'
import type { SoakChild } from './child.js'
import { ROLES, type Report, type Role, type Sample } from './setup.js'

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
/** The minimum of samples for a median. */
const MIN_SAMPLES = 5
/**
 * The allowed growth in bytes, or as a share of the former size. If each of 100 connections a second left 200 bytes, that would
 * be 1.2 MB in a minute. Compiled code and pools grow less after the warm-up.
 */
const HEAP = { least: 1_000_000, part: 0.05 }
/** The allocator keeps pages of past peaks, which dominate a short run. */
const RSS = { least: 24_000_000, part: 0.1 }

/** Collects the reports of all processes, and judges them at the end. Each run has the same rows, so that runs can be compared. */
export class Verdict {
  readonly seen = { ends: 0, whole: 0, bytes: 0, datagrams: 0 }
  readonly samples: Record<Role, Sample[]> = { server: [], polite: [], rude: [] }
  finish: Awaited<ReturnType<SoakChild['finish']>> | undefined
  /** Why the run ended early, and how the processes ended. */
  readonly #processes: string[] = []
  readonly #lost: string[] = []
  readonly #faults: string[] = []
  readonly #tell: (problem: string) => void

  /** @param tell is called with each problem at once */
  constructor(tell: (problem: string) => void) {
    this.#tell = tell
  }

  /** The progress, as a line for the screen. */
  get progress(): string {
    const { seen, samples } = this
    const { descriptors, rss, heap } = samples.server.at(-1) ?? { rss: 0, heap: 0 }
    const counts = `${seen.ends} ends, ${seen.whole} whole, ${megabytes(seen.bytes)}`
    const sizes = `${descriptors ?? '?'} descriptors, rss ${megabytes(rss)}, heap ${megabytes(heap)}`
    return `${counts} · server ${sizes} · ${this.#lost.length + this.#faults.length} problems`
  }

  /** Records the end of a process. @param how undefined if it ended as planned */
  ended(how: string | undefined): void {
    if (how !== undefined) this.#processes.push(how)
  }

  /** Adds the reports of one round, after which no operation is pending. */
  add(reports: Readonly<Record<Role, Report>>): void {
    const all = Object.values(reports)
    const accounts = all.flatMap((report) => report.accounts)
    const datagrams = all.flatMap((report) => report.datagrams)
    const { whole, problems } = compare(accounts, true)
    this.seen.ends += accounts.length
    this.seen.whole += whole
    this.seen.bytes += accounts.reduce((sum, { length }) => sum + length, 0)
    this.seen.datagrams += datagrams.reduce((sum, one) => sum + one.requests.arrived + one.answers.arrived, 0)
    this.#keep(this.#lost, [...problems, ...compareDatagrams(datagrams)])
    for (const role of ROLES) {
      this.samples[role].push(reports[role].sample)
      this.#keep(
        this.#faults,
        reports[role].faults.map((fault) => `${role}: ${fault}`),
      )
    }
  }

  #keep(list: string[], problems: readonly string[]): void {
    for (const problem of problems.slice(0, MAX_KEPT - list.length)) {
      list.push(problem)
      this.#tell(problem)
    }
  }

  judge(): Row[] {
    const { seen, finish } = this
    const first = this.samples.server[0]?.descriptors ?? 0
    const left = finish?.sample.descriptors ?? 0
    const counts = `${seen.ends} ends of connections, ${seen.whole} streams whole, ${seen.datagrams} datagrams`
    const nothing = seen.whole + seen.datagrams === 0 ? ['nothing at all'] : []
    const unanswered = ['the servers did not answer']
    const stays = left < first || first === 0 ? [] : [`${left} descriptors, ${first} with the servers`]
    const row = (name: string, what: string, problems: readonly string[]): Row => ({
      name,
      seen: what,
      problems,
    })
    return [
      ...ROLES.flatMap((role) => {
        const samples = this.samples[role]
        return [
          judgeDescriptors(role, samples),
          judgeTrend(
            `${role}: heap`,
            samples.map(({ heap }) => heap),
            HEAP,
          ),
          judgeTrend(
            `${role}: rss`,
            samples.map(({ rss }) => rss),
            RSS,
          ),
        ]
      }),
      row('bytes and datagrams', counts, [...nothing, ...this.#lost]),
      row('events, content, promises', 'each one', this.#faults),
      row('counters and shutdowns', finish?.done.join('; ') ?? 'nothing', finish?.problems ?? unanswered),
      row('processes', `${ROLES.length} were started`, this.#processes),
      row('after the last shutdown', `${left} descriptors`, stays),
    ]
  }
}

function judgeDescriptors(role: Role, samples: readonly Sample[]): Row {
  const [first, ...rest] = samples.map(({ descriptors }) => descriptors)
  const worst = rest.find((count) => count !== first)
  const name = `${role}: descriptors`
  if (rest.length === 0) return { name, seen: 'no samples', problems: ['no samples'] }
  const seen = `${first} at the start, ${rest.at(-1)} at the end, ${rest.length} times looked at`
  return { name, seen, problems: worst === undefined ? [] : [`${first} at the start, then ${worst}`] }
}

/** Compares the medians of the early and the late half of the samples, after the warm-up. */
function judgeTrend(name: string, samples: readonly number[], limit: typeof HEAP): Row {
  const warm = samples.slice(Math.max(1, Math.ceil(samples.length * WARM_UP)))
  if (warm.length < MIN_SAMPLES)
    return { name, seen: `${warm.length} samples: too few to judge`, problems: [] }
  const half = Math.floor(warm.length / 2)
  const early = median(warm.slice(0, half))
  const late = median(warm.slice(-half))
  const allowed = Math.max(limit.least, early * limit.part)
  const isNormal = late - early <= allowed
  const problem = `grew by ${megabytes(late - early)}, ${megabytes(allowed)} would be normal`
  return {
    name,
    seen: `${megabytes(early)} early, ${megabytes(late)} late`,
    problems: isNormal ? [] : [problem],
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

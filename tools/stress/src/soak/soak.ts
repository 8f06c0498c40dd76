import type { Certificate } from './certificates.js'
import { createFreezer, type Freezer } from './freezer.js'
import { startGovernor } from './governor.js'
import { createLedger } from './ledger.js'
import type { Answer, Counts, News, Question, Tally } from './messages.js'
import type { Options, Role } from './options.js'
import { pause } from './pause.js'
import { startProcess, type Process } from './processes.js'
import { createRandom } from './random.js'
import type { Sample } from './sample.js'
import { TRANSPORTS, type TransportName } from './transports.js'
import type { Evidence, Finding } from './verdict.js'

const ROLES: readonly Role[] = ['server', 'polite', 'rude']
/**
 * The load pauses now and then, to look at what is held when nothing is under way. So many times at least, and in longer
 * runs as often as that, in ms.
 */
const ROUNDS = 14
const ROUND = { least: 300, most: 30_000 }
/** What a round needs beside the load, in ms. */
const LOOKING = 1_200
/** What a child takes for its end, in ms, at the worst. */
const LEAVING = 5_000
/** Of each kind of finding so many are kept: the first ones say enough. */
const MAX_KEPT = 10

/** What goes on, for the live line. */
export interface Progress {
  readonly sessions: number
  readonly acknowledged: number
  readonly problems: number
  /** As a part of one processor. */
  readonly cpu: number
  /** The last look at the server. */
  readonly server: Sample | undefined
}

export interface Surroundings {
  /** For sockets. */
  readonly folder: string
  readonly certificates: readonly Certificate[]
  /** Aborts when it is enough. */
  readonly stop: AbortSignal
  /** Aborts when it must end at once. */
  readonly kill: AbortSignal
  show(progress: Progress): void
  /** Something is not as it should be; the verdict will say so again. */
  tell(problem: string): void
}

/** Runs server and loads until the time is over, and collects evidence. Leaves no process. */
export async function soak(
  options: Options,
  surroundings: Surroundings,
): Promise<Evidence & { counts: Counts }> {
  const run = new Run(options, surroundings)
  try {
    await run.begin()
    await run.rounds()
    await run.finish()
  } catch (error) {
    run.problem = (error as Error).message
  } finally {
    await run.end()
  }
  return run.evidence()
}

class Run {
  problem: string | undefined
  readonly #options: Options
  readonly #surroundings: Surroundings
  readonly #findings: Finding[] = []
  readonly #lost: string[] = []
  readonly #ledger = createLedger((text) => {
    if (keep(this.#lost, text)) this.#surroundings.tell(text)
  })
  readonly #samples: Record<Role, Sample[]> = { server: [], polite: [], rude: [] }
  readonly #counts: Record<string, number> = {}
  readonly #connects: Partial<Record<TransportName, number>> = {}
  readonly #processes: Record<Role, Process>
  readonly #all: readonly Process[]
  #tallies: readonly Tally[] = []
  #last: Sample | undefined

  constructor(options: Options, surroundings: Surroundings) {
    this.#options = options
    this.#surroundings = surroundings
    const start = (role: Role): Process => startProcess(role, (news) => this.#hear(news))
    this.#processes = { server: start('server'), polite: start('polite'), rude: start('rude') }
    this.#all = Object.values(this.#processes)
    const kill = (): void => this.#all.forEach((one) => one.kill('SIGKILL'))
    surroundings.kill.addEventListener('abort', kill, { once: true })
  }

  async begin(): Promise<void> {
    const { only, seed, engine, broken } = this.#options
    const { folder, certificates } = this.#surroundings
    // The loads first: they are told where the servers are.
    for (const role of ['polite', 'rude', 'server'] as const) {
      const setup = { role, seed: seed + ROLES.indexOf(role), only, folder, engine, certificates, broken }
      await this.#processes[role].ask({ ask: 'begin', setup })
    }
    await this.#look()
  }

  async rounds(): Promise<void> {
    const { stop } = this.#surroundings
    const time = this.#options.minutes * 60_000
    const end = performance.now() + time
    const length = Math.min(Math.max(time / ROUNDS - LOOKING, ROUND.least), ROUND.most)
    const freezer = createFreezer(this.#processes.rude, createRandom(this.#options.seed))
    const governor = startGovernor(this.#all)
    const show = setInterval(() => this.#show(governor.cpu), 1_000)
    try {
      // A slow machine gets fewer into its time, and a trend is judged by their number.
      for (let round = 0; !stop.aborted && (round < ROUNDS || performance.now() < end); round += 1) {
        await this.#round(Math.max(Math.min(length, end - performance.now()), ROUND.least), freezer)
      }
    } finally {
      clearInterval(show)
      governor.stop()
    }
  }

  async finish(): Promise<void> {
    const { server, polite, rude } = this.#processes
    for (const load of [polite, rude]) {
      const { counts = {}, connects = {} } = await load.ask({ ask: 'finish' })
      for (const name of TRANSPORTS)
        this.#connects[name] = (this.#connects[name] ?? 0) + (connects[name] ?? 0)
      for (const [what, count] of Object.entries(counts))
        this.#counts[what] = (this.#counts[what] ?? 0) + count
    }
    const { sample, tallies = [] } = await server.ask({ ask: 'finish' })
    this.#last = sample
    this.#tallies = tallies
    this.#ledger.settle()
  }

  /** Sees that all have left, by themselves if they were told to, or else by force. */
  async end(): Promise<void> {
    const kill = (): void => this.#all.forEach((one) => one.kill('SIGKILL'))
    const overdue = setTimeout(kill, this.problem === undefined ? LEAVING : 0)
    const ends = await Promise.all(this.#all.map((one) => one.ended))
    clearTimeout(overdue)
    this.problem ??= ends.find((how) => how !== undefined)
  }

  evidence(): Evidence & { counts: Counts } {
    return {
      roles: ROLES,
      samples: this.#samples,
      last: this.#last,
      tallies: this.#tallies,
      findings: this.#findings,
      lost: this.#lost,
      totals: this.#ledger.totals,
      connects: this.#connects,
      problem: this.problem,
      counts: this.#counts,
    }
  }

  /** Load for some time, then quiet, and a look. */
  async #round(length: number, freezer: Freezer): Promise<void> {
    const { server, polite, rude } = this.#processes
    await this.#askAll({ ask: 'resume' })
    const over = new AbortController()
    const freezing = freezer.run(over.signal)
    await pause(length, this.#surroundings.stop)
    over.abort()
    await freezing
    await Promise.all([polite.ask({ ask: 'pause' }), rude.ask({ ask: 'pause' })])
    // When no client is left.
    await server.ask({ ask: 'pause' })
    this.#ledger.settle()
    await this.#look()
  }

  async #look(): Promise<void> {
    for (const one of this.#all) {
      const { sample } = await one.ask({ ask: 'sample' })
      if (sample !== undefined) this.#samples[one.role].push(sample)
    }
  }

  #askAll(question: Question): Promise<Answer[]> {
    return Promise.all(this.#all.map((one) => one.ask(question)))
  }

  #hear(news: News): void {
    switch (news.news) {
      case 'records':
        for (const record of news.records) this.#ledger.add(record)
        return
      case 'finding':
        if (keep(this.#findings, { check: news.check, text: news.text })) this.#surroundings.tell(news.text)
        return
      case 'places':
        for (const one of this.#all)
          if (one.role !== 'server') one.tell({ tell: 'places', places: news.places })
    }
  }

  #show(cpu: number): void {
    const { matched, acknowledged } = this.#ledger.totals
    this.#surroundings.show({
      sessions: matched,
      acknowledged,
      problems: this.#lost.length + this.#findings.length,
      cpu,
      server: this.#samples.server.at(-1),
    })
  }
}

/** @returns whether there was room for it */
function keep<T>(list: T[], item: T): boolean {
  const hasRoom = list.length < MAX_KEPT
  if (hasRoom) list.push(item)
  return hasRoom
}

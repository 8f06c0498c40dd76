import type { Certificate } from '@sock/tools/certificate'
import { startChild, type Child } from '@sock/tools/children'
import type { Folder } from '@sock/tools/folder'
import { isStream } from '@sock/tools/transports'
import type { Generated, GeneratorCommands, Watcher } from './generator.js'
import { cpuSeconds } from './machine.js'
import { summarize, type Row } from './results.js'
import type { RowPlan } from './rows.js'
import type { Observed, Sample, Scenario } from './scenarios/scenario.js'
import type { Memory, ServerCommands } from './server.js'
import type { Place } from './subjects/subject.js'

/** How rows are measured. */
export interface Method {
  /** Names; the control first. */
  readonly subjects: readonly string[]
  readonly rounds: number
  readonly seconds: number
  /** Idle ones that are wanted, and what the limit of descriptors gives. */
  readonly connections: number
  readonly mostConnections: number
  readonly pace: number
  /** The binary that runs the servers. */
  readonly node: string
  /** Whether servers keep memory that was freed: see {@link STEADY_HEAP}. */
  readonly steadyHeap?: boolean | undefined
  /** For CPU profiles of the servers. */
  readonly profile?: string | undefined
  /** See `ServerOrder`. */
  readonly module?: string | undefined
}

/** What measuring needs of the run. */
export interface Run {
  readonly generator: Generator
  readonly certificate: Certificate
  /** Where sockets are. */
  readonly folder: Folder
  /** Called before each round of each subject. */
  advance(row: string, subject: string): void
}

/** The load generator. `watch` hears of each mark that it reaches. */
export interface Generator extends Child<GeneratorCommands> {
  watch: Watcher['mark']
}

export function startGenerator(): Generator {
  const watcher: Watcher = { mark: (name) => generator.watch(name) }
  const child = startChild<GeneratorCommands, Watcher>(new URL('generator.js', import.meta.url), watcher)
  const generator: Generator = { ...child, watch: async () => undefined }
  return generator
}

/** A server under test that runs. */
interface Tested {
  readonly name: string
  readonly child: Child<ServerCommands>
  readonly place: Place
}

/** What one round of one subject has given. */
export interface Round {
  readonly sample: Sample
  readonly generated: Generated
  readonly lost: number
}

/** The code is compiled and the buffers of the kernel have grown by then, as a rule; in ms, at least. */
const LEAST_WARM_UP = 250

/**
 * Subjects are measured in turns, each round in another order. Their servers are all alive at once, and warm; or, where
 * memory is measured, each round has servers of its own. A fault ends the row, and is told in it.
 */
export async function measureRow(plan: RowPlan, method: Method, run: Run): Promise<Row> {
  const rounds = new Map<string, Round[]>(method.subjects.map((name) => [name, []]))
  const servers = new Map<string, Tested>()
  const serverOf = async (name: string): Promise<Tested> => {
    const server = servers.get(name) ?? (await startServer(name, plan, method, run))
    servers.set(name, server)
    return server
  }
  const stop = async (): Promise<void> => {
    await Promise.all([...servers.values()].map(({ child }) => child.stop()))
    servers.clear()
  }
  let failure: string | undefined
  try {
    if (!plan.scenario.isFresh) {
      for (const name of method.subjects) await serverOf(name)
      const warmUp = Math.max(LEAST_WARM_UP, method.seconds * 500)
      for (const server of servers.values()) await measure(server, plan, method, run, warmUp)
    }
    for (let round = 0; round < roundsOf(plan, method); round++) {
      for (const name of inTurn(method.subjects, round)) {
        run.advance(plan.name, name)
        rounds.get(name)?.push(await measure(await serverOf(name), plan, method, run))
        if (plan.scenario.isFresh) await stop()
      }
    }
  } catch (error) {
    failure = (error as Error).message
  } finally {
    await stop()
  }
  return summarize(plan, rounds, failure)
}

export function roundsOf({ scenario }: RowPlan, method: Method): number {
  return Math.min(method.rounds, scenario.mostRounds ?? method.rounds)
}

/** Rotated, and every second time around reversed: none is always the first, or always after the same one. */
export function inTurn<T>(all: readonly T[], round: number): readonly T[] {
  const start = round % all.length
  const rotated = [...all.slice(start), ...all.slice(0, start)]
  return Math.floor(round / all.length) % 2 === 0 ? rotated : rotated.toReversed()
}

/**
 * glibc keeps the memory that was freed (mallopt(3)). By default it gives the end of its heap back when much of it is free;
 * whether that happens thousands of times a second or never depends on what a process happens to have put there first.
 * Rows of 64 KiB chunks vary less with this, but nobody runs servers so.
 */
const STEADY_HEAP = { MALLOC_TRIM_THRESHOLD_: `${256 << 20}`, MALLOC_MMAP_THRESHOLD_: `${4 << 20}` }

async function startServer(name: string, plan: RowPlan, method: Method, run: Run): Promise<Tested> {
  const child = startChild<ServerCommands>(
    new URL('server.js', import.meta.url),
    {},
    {
      execPath: method.node,
      execArgv: [
        '--expose-gc',
        ...(method.profile === undefined ? [] : profiled(name, plan, method.profile)),
      ],
      // Memory is always measured as users have it.
      env: method.steadyHeap === true && plan.scenario.isFresh !== true ? STEADY_HEAP : {},
    },
  )
  try {
    const place = await child.call.start({
      subject: name,
      module: method.module,
      transport: plan.transport,
      // One that was not used before: a raw Unix datagram server leaves its file behind.
      path: run.folder.next(),
      certificate: run.certificate,
      workload: plan.scenario.workload ?? 'echo',
      isDrained: plan.scenario.isDrained ?? false,
    })
    return { name, child, place }
  } catch (error) {
    await child.stop()
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
  }
}

/** `tcp-rr-callbacks.cpuprofile`, of the whole life of a server; where each round has its own, of the last one. */
const profiled = (subject: string, { name }: RowPlan, folder: string): readonly string[] => [
  '--cpu-prof',
  `--cpu-prof-dir=${folder}`,
  `--cpu-prof-name=${name.replace('/', '-')}-${subject}.cpuprofile`,
]

/** @throws an Error that says so if anything came changed, twice, out of order, or over a stream not at all */
async function measure(
  { name, child, place }: Tested,
  { scenario, transport }: RowPlan,
  method: Method,
  { generator, certificate, folder }: Run,
  milliseconds = method.seconds * 1000,
): Promise<Round> {
  let cpuBefore = 0
  let cpu = 0
  const seen: { before?: Memory; after?: Memory; drainMilliseconds?: number } = {}
  generator.watch = async (mark) => {
    if (mark === 'begin') cpuBefore = cpuSeconds(child.pid)
    else if (mark === 'end') cpu = cpuSeconds(child.pid) - cpuBefore
    else if (mark === 'drain') seen.drainMilliseconds = await child.call.drain()
    else seen[mark] = await child.call.memory()
  }
  const { connections, mostConnections, pace } = method
  const how = { connections, mostConnections, pace, milliseconds, certificate }
  try {
    const order = { scenario: scenario.name, transport, place, folder: folder.path, ...how }
    const generated = await generator.call.load(order)
    const observed: Observed = {
      counts: generated.counts,
      cpuSeconds: cpu,
      report: await child.call.report(),
      ...seen,
    }
    const lost = checkArrival(scenario, observed, !isStream(transport))
    return { sample: scenario.sample(observed), generated, lost }
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
  }
}

/** @returns how many datagrams are missing */
function checkArrival({ workload }: Scenario, { counts, report }: Observed, mayLose: boolean): number {
  if (report.fault !== undefined) throw new Error(report.fault)
  if (!mayLose && counts.lost > 0) throw new Error(`${counts.lost} answers did not come`)
  if (counts.count === 0) throw new Error('nothing was answered')
  if (workload !== 'sink') return counts.lost
  if (report.bytes === 0) throw new Error('nothing of what was sent has come')
  if (mayLose) {
    if (report.messages > counts.count)
      throw new Error(`${counts.count} datagrams were sent, and ${report.messages} came`)
    return counts.count - report.messages
  }
  if (report.bytes !== counts.bytes)
    throw new Error(`${counts.bytes} bytes were sent, and ${report.bytes} came`)
  return 0
}

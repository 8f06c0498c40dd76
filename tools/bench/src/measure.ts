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
  /** The names of the subjects, the control first. */
  readonly subjects: readonly string[]
  readonly rounds: number
  readonly seconds: number
  /** The number of idle connections to open, unless the limit of file descriptors is lower. */
  readonly connections: number
  readonly mostConnections: number
  readonly pace: number
  /** The binary that runs the servers. */
  readonly node: string
  /** Whether servers keep freed memory: see {@link STEADY_HEAP}. */
  readonly steadyHeap?: boolean | undefined
  /** The folder for CPU profiles of the servers. */
  readonly profile?: string | undefined
  /** See `ServerOrder`. */
  readonly module?: string | undefined
}

/** The resources of a run. */
export interface Run {
  readonly generator: Generator
  readonly certificate: Certificate
  /** The folder of the sockets. */
  readonly folder: Folder
  /** Called before each round of each subject. */
  advance(row: string, subject: string): void
}

/** The load generator. It calls `watch` at each mark. */
export interface Generator extends Child<GeneratorCommands> {
  watch: Watcher['mark']
}

export function startGenerator(): Generator {
  const watcher: Watcher = { mark: (name) => generator.watch(name) }
  const child = startChild<GeneratorCommands, Watcher>(new URL('generator.js', import.meta.url), watcher)
  const generator: Generator = { ...child, watch: async () => undefined }
  return generator
}

/** A running server under test. */
interface Tested {
  readonly name: string
  readonly child: Child<ServerCommands>
  readonly place: Place
}

/** The result of one round of one subject. */
export interface Round {
  readonly sample: Sample
  readonly generated: Generated
  readonly lost: number
}

/** The shortest warm-up, in ms: after it the code is compiled, and the buffers of the kernel have grown. */
const LEAST_WARM_UP = 250

/**
 * Measures the subjects in turns, each round in another order. All servers run at once, and are warm. To measure memory,
 * each round starts new servers. An error ends the row, which then reports it.
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

/** Rotates the order each round, and reverses it every second time around. So no subject is always first, or always after the same one. */
export function inTurn<T>(all: readonly T[], round: number): readonly T[] {
  const start = round % all.length
  const rotated = [...all.slice(start), ...all.slice(0, start)]
  return Math.floor(round / all.length) % 2 === 0 ? rotated : rotated.toReversed()
}

/**
 * Makes glibc keep freed memory (mallopt(3)). By default it returns the end of its heap to the system when much of it is
 * free. Whether that happens thousands of times a second or never depends on the first allocations of the process. With
 * this, rows of 64 KiB chunks vary less, but users do not run their servers like this.
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
      // Memory is always measured with the settings of users.
      env: method.steadyHeap === true && plan.scenario.isFresh !== true ? STEADY_HEAP : {},
    },
  )
  try {
    const place = await child.call.start({
      subject: name,
      module: method.module,
      transport: plan.transport,
      // A new path: a raw Unix datagram server leaves its file behind.
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

/** `tcp-rr-callbacks.cpuprofile`: the whole life of a server; of the last one, if each round starts a new server. */
const profiled = (subject: string, { name }: RowPlan, folder: string): readonly string[] => [
  '--cpu-prof',
  `--cpu-prof-dir=${folder}`,
  `--cpu-prof-name=${name.replace('/', '-')}-${subject}.cpuprofile`,
]

/** Measures one round. @throws Error if bytes arrived changed, twice or out of order, or were lost on a stream */
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

/** @returns the number of missing datagrams */
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

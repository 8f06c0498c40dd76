import type { Certificate } from '@sock/tools/certificate'
import { startChild, type Child } from '@sock/tools/children'
import type { Folder } from '@sock/tools/folder'
import { isStream } from '@sock/tools/transports'
import type { Observed } from './figures.js'
import type { GeneratorCommands, Watcher } from './generator.js'
import { cpuSeconds } from './machine.js'
import { summarize, type Row } from './results.js'
import type { RowPlan, Scenario } from './rows.js'
import type { Memory, ServerCommands, Started } from './server.js'
import type { Peers } from './subjects/peers.js'

/** How rows are measured. */
export interface Method {
  /** The names of the subjects, the control first. */
  readonly subjects: readonly string[]
  readonly rounds: number
  readonly seconds: number
  /** The number of idle connections to open, unless the limit of file descriptors is lower. */
  readonly connections: number
  readonly pace: number
  /** The binary that runs the servers. */
  readonly node: string
  /** Whether servers keep freed memory: see {@link STEADY_HEAP}. */
  readonly steadyHeap?: boolean
  /** The folder for CPU profiles of the servers. */
  readonly profile?: string
  /** See `ServerOrder`. */
  readonly module?: string
  readonly peers?: Peers
}

/** The resources of a run. */
export interface Run {
  readonly generator: ReturnType<typeof startGenerator>
  readonly certificate: Certificate
  /** The folder of the sockets. */
  readonly folder: Folder
  /** Called before each round of each subject. */
  advance(row: string, subject: string): void
}

/** Starts the load generator. It calls `watcher` at each mark. */
export function startGenerator() {
  const watcher: Watcher = { mark: async () => undefined }
  const program = new URL('generator.js', import.meta.url)
  return { watcher, ...startChild<GeneratorCommands, Watcher>(program, watcher) }
}

/** A running server under test. */
type Server = Child<ServerCommands> & Started

/**
 * The longest warm-up, in ms, and how many rounds it is as long as. After it the code is compiled, and the buffers of the
 * kernel have grown. After 250 ms a server with more code than another one seems to cost up to a third more.
 */
const MOST_WARM_UP = 2000
const WARM_UP_ROUNDS = 6

/**
 * Measures the subjects in turns, each round in another order. All servers run at once, and are warm. To measure memory,
 * each round starts new servers. An error ends the row, which then reports it.
 */
export async function measureRow(plan: RowPlan, method: Method, run: Run): Promise<Row> {
  const { isFresh = false } = plan.scenario
  const rounds = new Map<string, Observed[]>(method.subjects.map((name) => [name, []]))
  const servers = new Map<string, Server>()
  const stop = async (): Promise<void> => {
    await Promise.all([...servers.values()].map((server) => server.stop()))
    servers.clear()
  }
  const measure = async (name: string, milliseconds: number): Promise<Observed> => {
    try {
      const server = servers.get(name) ?? (await startServer(name, plan, method, run))
      servers.set(name, server)
      const round = await measureServer(server, milliseconds, plan, method, run)
      if (isFresh) await stop()
      return round
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
    }
  }
  let failure: string | undefined
  try {
    for (const name of isFresh ? [] : method.subjects)
      await measure(name, Math.min(MOST_WARM_UP, method.seconds * 1000 * WARM_UP_ROUNDS))
    for (let round = 0; round < roundsOf(plan, method); round++) {
      for (const name of inTurn(method.subjects, round)) {
        run.advance(plan.name, name)
        rounds.get(name)?.push(await measure(name, method.seconds * 1000))
      }
    }
  } catch (error) {
    failure = (error as Error).message
  } finally {
    await stop()
  }
  return summarize(plan, rounds, failure)
}

export function roundsOf({ scenario }: RowPlan, { rounds }: Method): number {
  return Math.min(rounds, scenario.mostRounds ?? rounds)
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

async function startServer(subject: string, plan: RowPlan, method: Method, run: Run): Promise<Server> {
  const { name, transport, scenario } = plan
  const { workload = 'echo', isFresh = false, isDrained = false } = scenario
  const { module, peers = {}, profile, node, steadyHeap = false } = method
  // The whole life of a server; of the last one, if each round starts a new server.
  const file = `${name.replace('/', '-')}-${subject}.cpuprofile`
  const profiled = ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${file}`]
  const child = startChild<ServerCommands>(
    new URL('server.js', import.meta.url),
    {},
    {
      execPath: node,
      execArgv: ['--expose-gc', ...(profile === undefined ? [] : profiled)],
      // Memory is always measured with the settings of users.
      env: steadyHeap && !isFresh ? STEADY_HEAP : {},
    },
  )
  try {
    const { certificate, folder } = run
    // A new path: a raw Unix datagram server leaves its file behind.
    const path = folder.next()
    const order = { subject, module, transport, path, certificate, peers, workload, isDrained }
    return { ...child, ...(await child.call.start(order)) }
  } catch (error) {
    await child.stop()
    throw error
  }
}

/** Measures one round. @throws Error if bytes arrived changed, twice or out of order, or were lost on a stream */
async function measureServer(
  server: Server,
  milliseconds: number,
  { name, scenario, transport }: RowPlan,
  { connections, pace }: Method,
  { generator, certificate, folder }: Run,
): Promise<Observed> {
  const cpu: { server: number; generator: number }[] = []
  const memory: Memory[] = []
  let drainTime: number | undefined
  generator.watcher.mark = async (mark) => {
    if (mark === 'cpu') cpu.push({ server: cpuSeconds(server.pid), generator: cpuSeconds(generator.pid) })
    else if (mark === 'memory') memory.push(await server.call.memory())
    else drainTime = await server.call.drain()
  }
  const order = { row: name, transport, place: server.place, folder: folder.path }
  const counts = await generator.call.load({ ...order, milliseconds, connections, pace, certificate })
  const report = await server.call.report()
  const used = (of: 'server' | 'generator'): number => (cpu[1]?.[of] ?? 0) - (cpu[0]?.[of] ?? 0)
  const seen = { counts, report, memory, drainTime, cpuSeconds: used('server') }
  return {
    ...seen,
    busy: used('generator') / counts.seconds,
    lost: checkArrival(scenario, seen, !isStream(transport)),
  }
}

/** @returns the number of missing datagrams */
function checkArrival(
  { workload = 'echo' }: Scenario,
  { counts, report }: Pick<Observed, 'counts' | 'report'>,
  mayLose: boolean,
): number {
  const { lost = 0 } = counts
  if (report.fault !== undefined) throw new Error(report.fault)
  if (!mayLose && lost > 0) throw new Error(`${lost} answers did not come`)
  if (counts.count === 0) throw new Error('nothing was answered')
  if (workload === 'echo' || workload === 'relay') return lost
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

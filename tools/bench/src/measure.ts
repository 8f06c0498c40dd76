import type { Certificate } from '@sock/tools/certificate'
import { startChild, type Child } from '@sock/tools/children'
import type { Folder } from '@sock/tools/folder'
import { isStream } from '@sock/tools/transports'
import type { Client } from './clients.js'
import type { Round } from './figures.js'
import { summarize, type Row } from './results.js'
import type { RowPlan } from './rows.js'
import type { Counts, Load } from './scenarios/load.js'
import type { ServerCommands, Started } from './server.js'
import type { Programs } from './subjects/peers.js'
import { CONTROL } from './subjects/subject.js'
import { isEcho, type Report, type WorkloadName } from './workload.js'

/** How rows are measured, and with what. */
export interface Method {
  readonly rounds: number
  readonly seconds: number
  /** The number of idle connections to open. */
  readonly connections: number
  /** Whether servers keep freed memory: see {@link STEADY_HEAP}. */
  readonly steadyHeap?: boolean
  /** The folder for CPU profiles of the servers. */
  readonly profile?: string
  /** See `ServerOrder`. */
  readonly module?: string
  readonly programs: Programs
  readonly certificate: Certificate
  /** The folder of the sockets. */
  readonly folder: Folder
}

/** A running server under test. */
export type Server = Child<ServerCommands> & Started

/**
 * The longest warm-up, in ms, and how many rounds it is as long as. After it the code is compiled, and the buffers of the
 * kernel have grown. After 250 ms a server with more code than another one seems to cost up to a third more.
 */
const MOST_WARM_UP = 2000
const WARM_UP_ROUNDS = 6

/**
 * Measures the subjects in turns, each round in another order. All servers run at once, and are warm, unless each round needs
 * new ones. An error ends the row, which then reports it.
 *
 * @param subjects their names, the control first
 * @param advance called with the name of each that is measured
 */
export async function measureRow(
  plan: RowPlan,
  subjects: readonly string[],
  method: Method,
  advance: (subject: string) => void,
): Promise<Row> {
  const { freshRounds, about, figures } = plan.scenario
  const rounds = new Map<string, Round[]>(subjects.map((name) => [name, []]))
  const servers = new Map<string, Server>()
  const stop = async (): Promise<void> => {
    await Promise.all([...servers.values()].map((server) => server.stop()))
    servers.clear()
  }
  const measure = async (name: string, milliseconds: number): Promise<Round> => {
    advance(name)
    try {
      const server = servers.get(name) ?? (await startServer(name, plan, method))
      servers.set(name, server)
      return await playRound(server, milliseconds, plan, method)
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
    } finally {
      if (freshRounds !== undefined) await stop()
    }
  }
  const milliseconds = method.seconds * 1000
  const row = { name: plan.name, about, metrics: figures }
  try {
    for (const name of freshRounds === undefined ? subjects : [])
      await measure(name, Math.min(MOST_WARM_UP, milliseconds * WARM_UP_ROUNDS))
    for (let round = 0; round < Math.min(method.rounds, freshRounds ?? Infinity); round++)
      for (const name of inTurn(subjects, round)) rounds.get(name)?.push(await measure(name, milliseconds))
    const control = rounds.get(CONTROL) ?? []
    const results = [...rounds].map(([name, own]) => [
      name,
      summarize(figures, own, name === CONTROL ? [] : control),
    ])
    return { ...row, subjects: Object.fromEntries(results) as Row['subjects'] }
  } catch (error) {
    return { ...row, subjects: {}, failure: (error as Error).message }
  } finally {
    await stop()
  }
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

async function startServer(subject: string, plan: RowPlan, method: Method): Promise<Server> {
  const { name, transport, workload, scenario } = plan
  const { module, programs, certificate, folder, profile, steadyHeap = false } = method
  // The whole life of a server; of the last one, if each round starts a new server.
  const file = `${name.replace('/', '-')}-${subject}.cpuprofile`
  const profiled = ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${file}`]
  const child = startChild<ServerCommands>(new URL('server.js', import.meta.url), {
    execArgv: ['--expose-gc', ...(profile === undefined ? [] : profiled)],
    // Memory is always measured with the settings of users.
    env: steadyHeap && scenario.freshRounds === undefined ? STEADY_HEAP : {},
  })
  try {
    // A new path: a raw Unix datagram server leaves its file behind.
    const order = { subject, module, transport, path: folder.next(), certificate, programs, workload }
    return { ...child, ...(await child.call.start(order)) }
  } catch (error) {
    await child.stop()
    throw error
  }
}

/** How much longer than planned a round may take, in ms. The largest one opens tens of thousands of connections. */
const PATIENCE = 30_000

/** Measures one round. @throws Error if bytes arrived changed, twice or out of order, or were lost on a stream */
async function playRound(
  server: Server,
  milliseconds: number,
  { transport, workload, scenario }: RowPlan,
  { connections, certificate, folder }: Method,
): Promise<Round> {
  const clients = new Set<Client>()
  let fail: Load['fail'] = () => undefined
  const failure = new Promise<never>((_, reject) => (fail = reject))
  const load = { transport, server, certificate, folder, milliseconds, connections, clients, fail }
  const timer = setTimeout(
    () => fail(new Error('the load did not come to its end: something that was sent has not come back')),
    milliseconds + PATIENCE,
  )
  try {
    const counts = await Promise.race([scenario.load(load), failure])
    const report = await server.call.report()
    return { ...counts, report, lost: checkArrival(counts, report, workload, !isStream(transport)) }
  } finally {
    clearTimeout(timer)
    for (const client of clients) client.reset()
  }
}

/** @returns the number of missing datagrams */
function checkArrival(
  { count, bytes, lost = 0 }: Counts,
  report: Report,
  workload: WorkloadName,
  mayLose: boolean,
): number {
  if (report.fault !== undefined) throw new Error(report.fault)
  if (!mayLose && lost > 0) throw new Error(`${lost} answers did not come`)
  if (count === 0) throw new Error('nothing was answered')
  if (isEcho(workload)) return lost
  if (report.bytes === 0) throw new Error('nothing of what was sent has come')
  if (!mayLose && report.bytes !== bytes)
    throw new Error(`${bytes} bytes were sent, and ${report.bytes} came`)
  if (mayLose && report.messages > count)
    throw new Error(`${count} datagrams were sent, and ${report.messages} came`)
  return mayLose ? count - report.messages : 0
}

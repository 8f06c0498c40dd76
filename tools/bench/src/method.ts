import { join } from 'node:path'
import type { GeneratorCommands, LoadOrder } from './generator.js'
import type { GeneratorName } from './native.js'
import type { Process, Processes } from './processes.js'
import type { Row } from './results.js'
import { runRound, type Round, type Tested } from './round.js'
import type { RowPlan } from './rows.js'
import type { ServerCommands } from './server.js'
import { summarize } from './summary.js'
import type { Certificate } from './transports.js'

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
  readonly generator: GeneratorName
  /** The binary that runs the servers. */
  readonly node: string
  /** For CPU profiles of the servers. */
  readonly profileFolder?: string | undefined
  /** See `ServerOrder`. */
  readonly module?: string | undefined
}

/** What measuring needs of the run. */
export interface Run {
  readonly processes: Processes
  readonly generator: Process<GeneratorCommands>
  readonly certificate: Certificate
  /** Where sockets are. */
  readonly folder: string
  /** Called after each round of each subject. */
  advance(row: string, subject: string): void
}

/** The code is compiled and the buffers of the kernel have grown by then, as a rule; in ms, at least. */
const LEAST_WARM_UP = 250

/** Subjects are measured in turns, each round in another order; a fault ends the row, and is told in it. */
export async function measureRow(plan: RowPlan, method: Method, run: Run): Promise<Row> {
  const rounds = new Map<string, Round[]>(method.subjects.map((name) => [name, []]))
  let failure: string | undefined
  try {
    await (plan.scenario.isFresh ? measureFresh : measureInTurns)(plan, method, run, rounds)
  } catch (error) {
    failure = (error as Error).message
  }
  return summarize(plan, rounds, failure)
}

export function roundsOf({ scenario }: RowPlan, method: Method): number {
  return Math.min(method.rounds, scenario.mostRounds ?? method.rounds)
}

type Rounds = ReadonlyMap<string, Round[]>

/** All servers are alive at once, and warm. */
async function measureInTurns(plan: RowPlan, method: Method, run: Run, rounds: Rounds): Promise<void> {
  const servers: Tested[] = []
  try {
    for (const name of method.subjects) servers.push(await startServer(name, plan, method, run))
    const warmUp = Math.max(LEAST_WARM_UP, method.seconds * 500)
    for (const server of servers) await measure(server, plan, method, run, warmUp)
    for (const server of servers) await startProfile(server, method)
    for (let round = 0; round < roundsOf(plan, method); round++) {
      for (const server of inTurn(servers, round)) {
        rounds.get(server.name)?.push(await measure(server, plan, method, run, method.seconds * 1000))
        run.advance(plan.name, server.name)
      }
    }
    for (const server of servers) await saveProfile(server, plan, method)
  } finally {
    await Promise.all(servers.map(({ process }) => process.stop()))
  }
}

/** Each round has a server of its own. */
async function measureFresh(plan: RowPlan, method: Method, run: Run, rounds: Rounds): Promise<void> {
  for (let round = 0; round < roundsOf(plan, method); round++) {
    for (const name of inTurn(method.subjects, round)) {
      const server = await startServer(name, plan, method, run)
      try {
        await startProfile(server, method)
        rounds.get(name)?.push(await measure(server, plan, method, run, method.seconds * 1000))
        await saveProfile(server, plan, method)
      } finally {
        await server.process.stop()
      }
      run.advance(plan.name, name)
    }
  }
}

/** Rotated, and every second time around reversed: none is always the first, or always after the same one. */
export function inTurn<T>(all: readonly T[], round: number): readonly T[] {
  const start = round % all.length
  const rotated = [...all.slice(start), ...all.slice(0, start)]
  return Math.floor(round / all.length) % 2 === 0 ? rotated : rotated.toReversed()
}

/**
 * For servers whose speed is measured: glibc keeps the memory that was freed (mallopt(3)). By default it gives the end of
 * its heap back when much of it is free, and whether that happens thousands of times a second or never depends on what a
 * process happens to have put there first: 64 KiB reads are twice as fast in the one as in the other, whoever serves.
 */
const STEADY_HEAP = { MALLOC_TRIM_THRESHOLD_: `${256 << 20}`, MALLOC_MMAP_THRESHOLD_: `${4 << 20}` }

/** A path that was used once stays: a raw Unix datagram server leaves its file behind. */
let started = 0

async function startServer(name: string, plan: RowPlan, method: Method, run: Run): Promise<Tested> {
  const env = plan.scenario.isFresh === true ? {} : STEADY_HEAP
  const process = await run.processes.start<ServerCommands>('server', method.node, env)
  try {
    const place = await process.call('start', {
      subject: name,
      module: method.module,
      transport: plan.transport,
      path: join(run.folder, `${++started}.sock`),
      certificate: run.certificate,
      workload: plan.scenario.workload,
      isDrained: plan.scenario.isDrained ?? false,
    })
    return { name, process, place }
  } catch (error) {
    await process.stop()
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
  }
}

async function measure(
  server: Tested,
  plan: RowPlan,
  method: Method,
  run: Run,
  milliseconds: number,
): Promise<Round> {
  const order: LoadOrder = {
    scenario: plan.scenario.name,
    transport: plan.transport,
    place: server.place,
    certificate: run.certificate,
    folder: run.folder,
    milliseconds,
    connections: method.connections,
    mostConnections: method.mostConnections,
    pace: method.pace,
    generator: method.generator,
  }
  try {
    return await runRound(plan.scenario, server, run.generator, order)
  } catch (error) {
    throw new Error(`${server.name}: ${(error as Error).message}`, { cause: error })
  }
}

async function startProfile(server: Tested, { profileFolder }: Method): Promise<void> {
  if (profileFolder !== undefined) await server.process.call('startProfile')
}

/** `tcp-rr-callbacks.cpuprofile`; of scenarios with fresh servers the last round. */
async function saveProfile(server: Tested, { name }: RowPlan, { profileFolder }: Method): Promise<void> {
  if (profileFolder === undefined) return
  const file = join(profileFolder, `${name.replace('/', '-')}-${server.name}.cpuprofile`)
  await server.process.call('saveProfile', file)
}

import { createCertificate } from '@sock/tools/certificate'
import { startChild, type Child } from '@sock/tools/children'
import { createFolder } from '@sock/tools/folder'
import { command, listOf, numberUpTo, Option, parse, seedOption } from '@sock/tools/options'
import { createScreen } from '@sock/tools/screen'
import { listenForStop } from '@sock/tools/stop'
import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import { ENGINES, isAvailable, type EngineName } from '../world/means.js'
import { pause } from '../world/pace.js'
import type { Place } from '../world/server.js'
import type { SoakChild } from './child.js'
import { ROLES, Verdict, type Role } from './verdict.js'

/* `npm run soak`: puts servers of all transports under load and faults, in child processes, and judges the results. */

interface Options {
  readonly minutes: number
  readonly seed: number
  readonly only: readonly TransportName[]
  readonly engine: EngineName
}

const MAX_MINUTES = 7 * 24 * 60
/** The fewest rounds. A quiet time follows each, and a slow machine has fewer rounds in the same time. */
const ROUNDS = 14
/** The fewest rounds while memory grows: compiled code and pools stop growing at some time, and a leak does not. */
const ROUNDS_OF_GROWTH = 28
/** The length of a round in ms. */
const ROUND = { least: 300, most: 30_000 }
/** In ms: how long a round takes besides its load. */
const LOOKING = 1_200
/** The time between two SIGSTOPs of the clients' process, and the length of one, in ms. */
const FREEZE_EVERY = 4_000
const FREEZE_FOR = 1_500

const MORE = `
It plays at least ${ROUNDS} rounds, and more while memory grows: that takes a minute or more.
Ctrl-C (or SIGTERM) ends it with the verdict so far, a second one at once.

Exit code: 0 nothing was lost or leaked; 1 something was, as printed; 2 wrong options; 130 forced by a second Ctrl-C.`

const options = parse<Options>(
  command(
    'npm run soak --',
    'Loads servers of all transports, causes random faults, and reports what was lost or leaked.',
  )
    .option('--minutes <number>', `how long, but at least ${ROUNDS} rounds`, numberUpTo(MAX_MINUTES), 1)
    .addOption(seedOption())
    .addOption(
      new Option('--only <transports>', `some of ${TRANSPORTS.join(',')}`)
        .argParser(listOf(TRANSPORTS))
        .default(TRANSPORTS, 'all'),
    )
    .addOption(
      new Option('--engine <name>', "of all servers and clients but those with TLS, which use Node's")
        .choices(ENGINES.filter(isAvailable))
        .default('node'),
    )
    .addHelpText('after', MORE),
  process.argv.slice(2),
)
const screen = createScreen(process.stdout)
const stop = listenForStop()
stop.forced.addEventListener('abort', () => process.exit(stop.exitCode))
// Children that hang, or that a signal has stopped, end with this process.
process.exit(typeof options === 'number' ? options : await run(options))

/** @returns the exit code */
async function run({ only, minutes, engine, seed }: Options): Promise<number> {
  const what = `${only.join(', ')} for ${minutes} min and at least ${ROUNDS} rounds over ${engine}, seed ${seed}`
  screen.print(`${what}. Ctrl-C ends it with a verdict.`)
  const folder = createFolder('soak')
  process.on('exit', () => folder.remove())
  const start = (): Child<SoakChild> =>
    startChild<SoakChild>(new URL('child.js', import.meta.url), { execArgv: ['--expose-gc'] })
  const children = { servers: start(), clients: start() }
  const all = Object.values(children)
  stop.wanted.addEventListener('abort', () => all.forEach(({ call }) => void call.hurry().catch(() => {})))
  const verdict = new Verdict()
  try {
    const certificates = [await createCertificate(), await createCertificate()] as const
    let places: Place[] = []
    for (const [at, role] of ROLES.entries()) {
      const setup = { role, only, folder: folder.path, engine, certificates, seed: seed + at }
      places = await children[role].call.begin(setup, places)
    }
    await rounds(minutes * 60_000, seed, children, verdict)
    const { problems, sample } = await children.servers.call.finish()
    verdict.finish(problems, sample)
    for (const child of all) verdict.failed(await child.stop())
  } catch (error) {
    verdict.failed((error as Error).message)
  }
  return conclude(verdict, seed)
}

async function rounds(
  ms: number,
  seed: number,
  { servers, clients }: Readonly<Record<Role, Child<SoakChild>>>,
  verdict: Verdict,
): Promise<void> {
  const began = performance.now()
  const length = Math.min(Math.max(ms / ROUNDS - LOOKING, ROUND.least), ROUND.most)
  const least = (): number => (verdict.grows ? ROUNDS_OF_GROWTH : ROUNDS)
  for (let round = 0; ; round += 1) {
    // Ask the clients first, which leave. Then the servers wait until they have no connection left.
    const reports = { clients: await clients.call.report(), servers: await servers.call.report() }
    for (const problem of verdict.add(reports)) screen.print(problem)
    const took = performance.now() - began
    screen.status(`${Math.round(took / 1000)} s · ${verdict.progress}`)
    if (stop.wanted.aborted || (round >= least() && took >= ms)) return
    const over = new AbortController()
    const freezing = freeze(clients, over.signal, seed + round)
    const restless = round % 2
    await Promise.all([servers.call.round(length, restless), clients.call.round(length, restless)])
    over.abort()
    await freezing
    await servers.call.serveOut()
  }
}

/** Stops a process from time to time, as if its machine were hanging. */
async function freeze(child: Child<SoakChild>, signal: AbortSignal, seed: number): Promise<void> {
  for (let turn = seed; ; turn += 1) {
    await pause(FREEZE_EVERY * (0.25 + (turn % 3) / 2), signal)
    if (signal.aborted) return
    child.kill('SIGSTOP')
    await pause(FREEZE_FOR, signal)
    child.kill('SIGCONT')
  }
}

/** Prints the verdict, and how many rows hold. @returns the exit code */
function conclude(verdict: Verdict, seed: number): number {
  screen.print(verdict.progress)
  const rows = verdict.judge()
  for (const { name, problems } of rows) {
    screen.print(`${problems.length === 0 ? 'ok   ' : 'FAILS'}  ${name}`)
    for (const problem of problems) screen.print(`       ${problem}`)
  }
  const failed = rows.filter(({ problems }) => problems.length > 0).length
  if (failed > 0) screen.print(`Repeat its choices with --seed ${seed}`)
  screen.print(`${rows.length - failed} passed, ${failed} failed`)
  return Math.sign(failed)
}

import { createCertificate } from '@sock/tools/certificate'
import { startChild, type Child } from '@sock/tools/children'
import { withFolder } from '@sock/tools/folder'
import { command, listOf, numberUpTo, oneOf, parse, wholeNumber } from '@sock/tools/options'
import { createScreen } from '@sock/tools/screen'
import { listenForStop } from '@sock/tools/stop'
import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import { ENGINES, isAvailable, type EngineName } from '../world/means.js'
import { pause } from '../world/pace.js'
import type { SoakChild } from './child.js'
import { ROLES, type Placed, type Role } from './setup.js'
import { Verdict, type Row } from './verdict.js'

/* `npm run soak`: puts servers of all transports under load and faults, in child processes, and judges the results. */

interface Options {
  readonly minutes: number
  readonly seed: number
  readonly only: readonly TransportName[]
  readonly engine: EngineName
}

const MAX_MINUTES = 7 * 24 * 60
const MAX_SEED = 2 ** 32 - 1
/** The minimum of rounds, with a quiet time after each: a slow machine has fewer rounds in the same time. */
const ROUNDS = 14
/** The same while memory grows: compiled code and pools stop growing sooner or later, and a leak does not. */
const ROUNDS_OF_GROWTH = 28
/** The length of a round in ms. */
const ROUND = { least: 300, most: 30_000 }
/** The time of a round besides the load, in ms. */
const LOOKING = 1_200
/** The time between two SIGSTOPs of the clients' process, and the length of one, in ms. */
const FREEZE_EVERY = 4_000
const FREEZE_FOR = 1_500

const MORE = `
Ctrl-C (or SIGTERM) ends it in good order, with the verdict so far; a second one at once.

Exit code: 0 nothing was lost or leaked; 1 something was, the reason is printed; 2 wrong options; 130 forced by a
second Ctrl-C.`

const options = parse<Options>(
  command(
    'npm run soak --',
    'Loads all transports for some time, with random faults, and says what was lost or leaked.',
  )
    .option('--minutes <number>', 'how long; 0.2 is possible too', numberUpTo(MAX_MINUTES), 1)
    .option(
      '--seed <number>',
      'repeats the choices of another run',
      wholeNumber(0, MAX_SEED),
      Date.now() & 0x7fffffff,
    )
    .option('--only <transports>', `of ${TRANSPORTS.join(', ')}; with commas`, listOf(TRANSPORTS), TRANSPORTS)
    .option(
      '--engine <name>',
      `of ${ENGINES.join(', ')}; TLS is always Node's`,
      oneOf(ENGINES.filter(isAvailable)),
      'node',
    )
    .addHelpText('after', MORE),
  process.argv.slice(2),
)
const screen = createScreen(process.stdout)
const stop = listenForStop()
process.exitCode = typeof options === 'number' ? options : await run(options)

/** @returns the exit code */
async function run(chosen: Options): Promise<number> {
  const { only, minutes, engine, seed } = chosen
  const what = `${only.join(', ')} for ${minutes} min over ${engine}, seed ${seed}`
  screen.print(`${what}. Ctrl-C ends it with a verdict.`)
  const verdict = new Verdict()
  const start = (): Child<SoakChild> =>
    startChild<SoakChild>(new URL('child.js', import.meta.url), {}, { execArgv: ['--expose-gc'] })
  const children = { servers: start(), clients: start() }
  const all = Object.values(children)
  const kill = (): void => all.forEach((child) => child.kill('SIGKILL'))
  stop.forced.addEventListener('abort', kill)
  stop.wanted.addEventListener('abort', () => all.forEach(({ call }) => void call.hurry().catch(() => {})))
  await withFolder('soak', async ({ path: folder }) => {
    try {
      const certificates = [await createCertificate(), await createCertificate()] as const
      let placed: readonly Placed[] = []
      for (const [at, role] of ROLES.entries()) {
        const setup = { role, only, folder, engine, certificates, seed: seed + at }
        placed = await children[role].call.begin(setup, placed)
      }
      await rounds(chosen, children, verdict)
      verdict.finish = await children.servers.call.finish()
      const ends = await Promise.all(all.map((child) => child.stop()))
      verdict.processes.push(...ends.filter((how) => how !== undefined))
    } catch (error) {
      verdict.processes.push((error as Error).message)
      kill()
      await Promise.all(all.map(({ ended }) => ended))
    }
  })
  if (stop.forced.aborted) return stop.exitCode
  screen.clear()
  return conclude(verdict.judge(), seed)
}

async function rounds(
  { minutes, seed }: Options,
  { servers, clients }: Readonly<Record<Role, Child<SoakChild>>>,
  verdict: Verdict,
): Promise<void> {
  const began = performance.now()
  const end = began + minutes * 60_000
  const length = Math.min(Math.max((minutes * 60_000) / ROUNDS - LOOKING, ROUND.least), ROUND.most)
  const least = (): number => (verdict.grows ? ROUNDS_OF_GROWTH : ROUNDS)
  for (let round = 0; ; round += 1) {
    // Ask the clients first, which leave. Then the servers wait until they have no connection left.
    const reports = { clients: await clients.call.report(), servers: await servers.call.report() }
    for (const problem of verdict.add(reports)) screen.print(problem)
    screen.status(`${Math.round((performance.now() - began) / 1000)} s · ${verdict.progress}`)
    if (stop.wanted.aborted || (round >= least() && performance.now() >= end)) return
    const over = new AbortController()
    const freezing = freeze(clients, over.signal, seed + round)
    await Promise.all([servers.call.round(length), clients.call.round(length)])
    over.abort()
    await freezing
    await servers.call.serveOut()
  }
}

/** Stops a process from time to time: to its peers, its machine seems to hang. */
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
function conclude(rows: readonly Row[], seed: number): number {
  const width = Math.max(...rows.map(({ name }) => name.length))
  for (const { name, seen, problems } of rows) {
    screen.print(`${problems.length === 0 ? 'holds' : 'FAILS'}  ${name.padEnd(width)}  ${seen}`)
    for (const problem of problems) screen.print(`       ${problem}`)
  }
  const failed = rows.filter(({ problems }) => problems.length > 0).length
  if (failed > 0) screen.print(`Repeat its choices with --seed ${seed}`)
  screen.print(`${rows.length - failed} passed, ${failed} failed`)
  return Math.sign(failed)
}

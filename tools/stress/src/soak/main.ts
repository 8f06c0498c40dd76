import { createCertificate } from '@sock/tools/certificate'
import { startChild, type Child } from '@sock/tools/children'
import { withFolder } from '@sock/tools/folder'
import { command, listOf, numberUpTo, oneOf, Option, parse, wholeNumber } from '@sock/tools/options'
import { createScreen, type Screen } from '@sock/tools/screen'
import { listenForStop } from '@sock/tools/stop'
import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import { ENGINES, isAvailable, type EngineName } from '../world/means.js'
import { pause } from '../world/pace.js'
import type { SoakChild } from './child.js'
import { BROKEN, ROLES, type Placed, type Role, type Setup } from './setup.js'
import { Verdict, type Row } from './verdict.js'

/* `npm run soak`: puts servers of all transports under load and faults, in child processes, and judges the results. */

interface Options extends Pick<Setup, 'broken'> {
  readonly minutes: number
  readonly seed: number
  readonly only: readonly TransportName[]
  readonly engine: EngineName
}

const MAX_MINUTES = 7 * 24 * 60
const MAX_SEED = 2 ** 32 - 1
/** The minimum of rounds, with a quiet time after each; and the maximum length of a round, in ms. */
const ROUNDS = 14
const ROUND = { least: 300, most: 30_000 }
/** The time of a round besides the load, in ms. */
const LOOKING = 1_200
/** The time between two SIGSTOPs of the rude clients' process, and the length of one, in ms. */
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
    .addOption(
      new Option('--broken <what>', 'do something wrong, to see that the verdict finds it').choices(BROKEN),
    )
    .addHelpText('after', MORE),
  process.argv.slice(2),
)
process.exitCode = typeof options === 'number' ? options : await run(options)

type Children = Readonly<Record<Role, Child<SoakChild>>>

/** @returns the exit code */
async function run(chosen: Options): Promise<number> {
  const screen = createScreen(process.stdout)
  const stop = listenForStop()
  const { only, minutes, engine, seed } = chosen
  screen.print(
    `${only.join(', ')} for ${minutes} min over ${engine}, seed ${seed}. Ctrl-C ends it with a verdict.`,
  )
  const verdict = new Verdict((problem) => screen.print(problem))
  await withFolder('soak', async ({ path: folder }) => {
    const start = (): Child<SoakChild> =>
      startChild<SoakChild>(new URL('child.js', import.meta.url), {}, { execArgv: ['--expose-gc'] })
    const children = { server: start(), polite: start(), rude: start() }
    const all = Object.values(children)
    const kill = (): void => all.forEach((child) => child.kill('SIGKILL'))
    stop.forced.addEventListener('abort', kill)
    stop.wanted.addEventListener('abort', () => all.forEach(({ call }) => void call.hurry().catch(() => {})))
    try {
      const certificates = [await createCertificate(), await createCertificate()] as const
      let placed: readonly Placed[] = []
      for (const [at, role] of ROLES.entries())
        placed = await children[role].call.begin(
          { ...chosen, seed: seed + at, role, folder, certificates },
          placed,
        )
      await rounds(chosen, children, verdict, stop.wanted, screen)
      verdict.finish = await children.server.call.finish()
      for (const child of all) verdict.ended(await child.stop())
    } catch (error) {
      verdict.ended((error as Error).message)
      kill()
      await Promise.all(all.map(({ ended }) => ended))
    }
  })
  if (stop.forced.aborted) return stop.exitCode
  screen.clear()
  return conclude(verdict.judge(), seed, screen)
}

async function rounds(
  { minutes, seed }: Options,
  children: Children,
  verdict: Verdict,
  wanted: AbortSignal,
  screen: Screen,
): Promise<void> {
  const began = performance.now()
  const end = began + minutes * 60_000
  const length = Math.min(Math.max((minutes * 60_000) / ROUNDS - LOOKING, ROUND.least), ROUND.most)
  const clients = [children.polite, children.rude]
  // Ask the clients first. Then the servers wait until they have no connection left.
  const look = async (): Promise<void> => {
    const [polite, rude] = await Promise.all([children.polite.call.report(), children.rude.call.report()])
    verdict.add({ polite, rude, server: await children.server.call.report() })
  }
  await look()
  // A slow machine has fewer rounds in the same time, and the trend needs enough of them.
  for (let round = 0; !wanted.aborted && (round < ROUNDS || performance.now() < end); round += 1) {
    const over = new AbortController()
    const freezing = freeze(children.rude, over.signal, seed + round)
    await Promise.all(ROLES.map((role) => children[role].call.round(length)))
    over.abort()
    await freezing
    await children.server.call.leave()
    await Promise.all(clients.map(({ call }) => call.leave()))
    await look()
    screen.status(`${Math.round((performance.now() - began) / 1000)} s · ${verdict.progress}`)
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
function conclude(rows: readonly Row[], seed: number, screen: Screen): number {
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

import { command, numberUpTo, Option, parse, seedOption, wholeNumber } from '@sock/tools/options'
import { createScreen } from '@sock/tools/screen'
import { ProgramKind, NAMES, type Name } from './program-kinds.js'
import type { Verdict } from './player.js'

/* `npm run model`: plays random sequences, up to a number or for a time. */

interface Options {
  readonly sequences?: number
  readonly minutes?: number
  readonly seed: number
  readonly transport: readonly Name[]
  readonly goOn?: true
  /** The path of a failure, as printed: plays only that sequence, with one `--transport`. */
  readonly path?: string
}

const SEQUENCES = 100_000
const MAX_MINUTES = 7 * 24 * 60
/** How many sequences are played before the next kind has its turn. */
const BATCH = 10

const options = parse<Options>(
  command(
    'npm run model --',
    'Plays random sequences of operations on servers and clients, and checks the results.',
  )
    .option(
      '--sequences <number>',
      'how many; default 100000, and with --minutes no limit',
      wholeNumber(1, 1e9),
    )
    .option('--minutes <number>', 'how long', numberUpTo(MAX_MINUTES))
    .addOption(seedOption())
    .addOption(new Option('--transport <name...>', 'play only these').choices(NAMES).default(NAMES, 'all'))
    .option('--go-on', 'continue after a failure')
    .option('--path <path>', 'repeat one failure, with the --seed and --transport that were printed with it'),
  process.argv.slice(2),
)
process.exitCode = typeof options === 'number' ? options : await run(options)

/** @returns the exit code */
async function run({ sequences, minutes, seed, transport, goOn, path }: Options): Promise<number> {
  const most = sequences ?? (minutes === undefined ? SEQUENCES : Infinity)
  const screen = createScreen(process.stdout)
  const all = transport.map((name) => new ProgramKind(name))
  const kinds = all.filter(({ isAvailable }) => isAvailable)
  for (const { name } of all.filter((one) => !kinds.includes(one)))
    screen.print(`Skipping ${name}: the native module is not built`)
  // Shown, so that a model that compares nothing does not look like a success.
  const tally = { sequences: 0, followed: 0, delivered: 0 }
  const count = ({ followed, delivered }: Verdict): void => {
    tally.sequences += 1
    tally.followed += followed
    tally.delivered += delivered
  }
  const begin = performance.now()
  const end = begin + (minutes ?? Infinity) * 60_000
  const progress = (): string => {
    const rate = (tally.sequences / ((performance.now() - begin) / 1_000)).toFixed(1)
    return `${tally.sequences} sequences, ${rate} a second; ${tally.followed} connections followed, ${tally.delivered} streams and datagrams compared`
  }
  screen.print(`Seed ${seed} on ${kinds.map(({ name }) => name).join(', ')}`)
  let failed = 0
  for (let batch = 0; kinds.length > 0 && tally.sequences < most && performance.now() < end; batch++) {
    const kind = kinds[batch % kinds.length] as ProgramKind
    const numRuns = Math.min(BATCH, most - tally.sequences)
    const which = path === undefined ? { seed: seed + batch, numRuns } : { seed, numRuns: 1, path }
    const problem = await kind.play(which, count)
    if (problem !== undefined) {
      screen.print(problem)
      failed += 1
    }
    if (path !== undefined || (failed > 0 && goOn !== true)) break
    screen.status(progress())
  }
  screen.print(progress())
  screen.print(failed === 0 ? 'All of them agree with the model' : `${failed} failed, as printed above`)
  for (const kind of kinds) await kind.close()
  return Math.sign(failed)
}

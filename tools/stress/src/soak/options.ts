import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { ENGINES, isAvailable, type EngineName } from './engines.js'
import { BROKEN, type Broken } from './messages.js'
import { TRANSPORTS, type TransportName } from './transports.js'

/** The processes beside the one that judges: the server, clients that behave, and clients that do not. */
export type Role = 'server' | 'polite' | 'rude'

export interface Options {
  readonly minutes: number
  /** Chooses what happens; the same seed makes the same choices, though not at the same moments. */
  readonly seed: number
  readonly only: readonly TransportName[]
  /** Of servers and polite clients, except for TLS. */
  readonly engine: EngineName
  /** What is done wrong on purpose. */
  readonly broken?: Broken
  /** Where the numbers of the verdict are written, in the format of jest's. */
  readonly results?: string
}

/** The exit code for options that make no sense, as shells use it for their own commands. */
const USAGE = 2
const MAX_MINUTES = 7 * 24 * 60
const MAX_SEED = 2 ** 32 - 1

/** What was asked for; or the exit code, after the help or what is wrong was printed. */
export function parseOptions(args: readonly string[]): Options | number {
  try {
    return createCommand().parse(args, { from: 'user' }).opts<Options>()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : USAGE
  }
}

function createCommand(): Command {
  return new Command('npm run soak --')
    .description('Loads all transports for some time, with random faults, and says what was lost or leaked.')
    .option('--minutes <number>', 'how long; 0.2 is possible too', minutes, 1)
    .option(
      '--seed <number>',
      'repeats the choices of another run',
      seed,
      Math.floor(Math.random() * MAX_SEED),
    )
    .option('--only <transports>', `of ${TRANSPORTS.join(', ')}; with commas`, transports, TRANSPORTS)
    .option('--engine <name>', `of ${ENGINES.join(', ')}; TLS is always Node's`, engine, 'node')
    .option('--results <file>', 'write the numbers of the verdict there, in the format of jest')
    .addOption(
      new Option('--broken <what>', 'do something wrong, to see that the verdict finds it').choices(BROKEN),
    )
    .helpOption('--help', 'show this')
    .addHelpText('after', MORE)
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
}

const MORE = `
Ctrl-C (or SIGTERM) ends it in good order, with the verdict so far; a second one at once.

Exit code: 0 nothing was lost or leaked; 1 something was, the reason is printed; 2 wrong options; 130 forced by a
second Ctrl-C.`

function minutes(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= MAX_MINUTES) return value
  throw new InvalidArgumentError(`Expected a number above 0, and ${MAX_MINUTES} at most.`)
}

function seed(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value <= MAX_SEED) return value
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${MAX_SEED}.`)
}

function transports(text: string): readonly TransportName[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(TRANSPORTS as readonly string[]).includes(name))
  if (unknown === undefined) return TRANSPORTS.filter((name) => names.includes(name))
  throw new InvalidArgumentError(`Cannot find transport "${unknown}": known are ${TRANSPORTS.join(', ')}.`)
}

function engine(text: string): EngineName {
  const name = ENGINES.find((known) => known === text)
  if (name === undefined)
    throw new InvalidArgumentError(`Cannot find engine "${text}": known are ${ENGINES.join(', ')}.`)
  if (!isAvailable(name)) throw new InvalidArgumentError(`The engine "${name}" cannot be used here.`)
  return name
}

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'

export { InvalidArgumentError, Option } from 'commander'
export type { Command } from 'commander'

/** The exit code for invalid options, the same as of shell commands. */
const USAGE = 2

/** A command line. @param name what users type, as `npm run soak --` */
export function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .helpOption('--help', 'show this')
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
}

/** Returns the options. After printing the help or an error, returns the exit code instead. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- commander knows no types of options: the caller names them
export function parse<T extends object>(commandLine: Command, args: readonly string[]): T | number {
  try {
    return commandLine.parse(args, { from: 'user' }).opts<T>()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : USAGE
  }
}

/** The option that repeats the random choices of another run. */
export const seedOption = (): Option =>
  new Option('--seed <number>', 'repeat the choices of another run')
    .argParser(wholeNumber(0, 2 ** 31 - 1))
    .default(Date.now() & (2 ** 31 - 1), 'by the clock')

/** Parses an argument that is a whole number. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }
}

/** Parses an argument that is a number above 0, for example of minutes. */
export function numberUpTo(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (value > 0 && value <= max) return value
    throw new InvalidArgumentError(`Expected a number above 0, and ${max} at most.`)
  }
}

/** Parses an argument that names several of `names`, with commas. @returns them in the order of `names` */
export function listOf<T extends string>(names: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    const wanted = new Set<string>(text.split(',').map((name) => name.trim()))
    const unknown = [...wanted].find((name) => !(names as readonly string[]).includes(name))
    if (unknown !== undefined)
      throw new InvalidArgumentError(`Cannot find "${unknown}": known are ${names.join(', ')}.`)
    return names.filter((name) => wanted.has(name))
  }
}

import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { parseAssertion, type Assertion } from './assertion.js'
import { GENERATORS, nativeEngine, type GeneratorName } from './native.js'
import { allRows, chooseRows, type RowPlan } from './rows.js'
import { CONTROL } from './subjects/subject.js'
import { subjects } from './subjects/subjects.js'

export interface Options {
  readonly rows: readonly RowPlan[]
  /** Names; the control first. */
  readonly subjects: readonly string[]
  readonly rounds: number
  readonly seconds: number
  readonly connections: number | 'max'
  readonly pace: number
  readonly node: string
  readonly generator: GeneratorName
  readonly json?: string
  readonly compare?: string
  readonly assert: readonly Assertion[]
  readonly profile?: string
  readonly chart?: string
  readonly markdown?: string
  readonly publish?: true
  readonly list?: true
}

interface Parsed extends Omit<Options, 'rows'> {
  readonly only: readonly string[]
}

/** The exit code for options that make no sense, as shells use it for their own commands. */
const USAGE = 2

/** What was asked for; or the exit code, after the help or what is wrong was printed. */
export function parseOptions(args: readonly string[]): Options | number {
  const command = createCommand()
  try {
    command.parse(args, { from: 'user' })
    const { only, ...options } = command.opts<Parsed>()
    return { ...options, rows: refuse(command, () => chooseRows(only)) }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : USAGE
  }
}

function refuse<T>(command: Command, make: () => T): T {
  try {
    return make()
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`)
  }
}

function createCommand(): Command {
  return new Command('npm run bench --')
    .description(
      'Measures what @sock/* costs, against raw node:net, node:tls, node:dgram and unix-dgram on the same traffic.',
    )
    .option('--only <rows>', 'rows, such as tcp/rr,udp or */idle', list, [])
    .option(
      '--subjects <names>',
      `beside ${CONTROL}: ${others().join(', ')}; or all`,
      subjectList,
      subjects.filter(({ isExtra }) => isExtra !== true).map(({ name }) => name),
    )
    .option('--rounds <number>', 'rounds per row', integer(1, 1000), 5)
    .option('--seconds <number>', 'length of a round of one subject', seconds, 0.25)
    .option(
      '--connections <number>',
      'idle connections, or max: what the limit of descriptors gives',
      connections,
      10_000,
    )
    .option('--pace <number>', 'messages per second where latency is measured', integer(1, 1_000_000), 8000)
    .option('--generator <engine>', generatorHelp, generator, nativeEngine === undefined ? 'node' : 'native')
    .option('--node <binary>', 'Node that runs the servers', process.execPath)
    .option('--json <file>', 'write the results')
    .option('--compare <file>', 'show what has changed since these results')
    .option('--assert <rule>', 'exit with 1 unless it holds; may be given more than once', assertions, [])
    .option('--profile <folder>', 'leave a CPU profile of each server of each scenario')
    .option('--chart <file>', 'write the ratios as SVG')
    .option('--markdown <file>', 'write the table as Markdown')
    .option('--publish', 'write docs/benchmarks.json, its chart and the tables of docs/benchmarks.md')
    .option('--list', 'show the rows and the subjects')
    .helpOption('--help', 'show this')
    .addHelpText('after', MORE)
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
}

const generatorHelp = `what moves the bytes of the load generator, but those of TLS: ${GENERATORS.join(' or ')}`

const MORE = `
A rule is [rows:]subject[.metric]>=number, or <=; the number is a ratio to ${CONTROL}:
  callbacks>=0.97               every row whose figure is the better the more it is
  tcp/rr:for-await>=0.92        one row, or a glob
  */idle:callbacks<=1.25        memory
  tcp/rr:callbacks.cpu<=1.05    another figure than the first of the row
"ours-callbacks" means the same as "callbacks".

Exit code: 0 all went well; 1 a row failed, or a rule does not hold; 2 wrong options; 130 ended by Ctrl-C.`

const others = (): string[] => subjects.map(({ name }) => name).filter((name) => name !== CONTROL)

const list = (text: string): string[] => text.split(',').filter((item) => item !== '')

/** The control is always measured. */
function subjectList(text: string): string[] {
  if (text === 'all') return [CONTROL, ...others()]
  const names = list(text).map((name) => name.replace(/^ours-/, ''))
  const unknown = names.find((name) => name !== CONTROL && !others().includes(name))
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no subject ${unknown}.`)
  return [CONTROL, ...others().filter((name) => names.includes(name))]
}

function assertions(text: string, before: readonly Assertion[]): Assertion[] {
  try {
    return [...before, parseAssertion(text)]
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

function generator(text: string): GeneratorName {
  const name = GENERATORS.find((known) => known === text)
  if (name === undefined) throw new InvalidArgumentError(`Expected ${GENERATORS.join(' or ')}.`)
  if (name === 'native' && nativeEngine === undefined)
    throw new InvalidArgumentError('There is no native engine here.')
  return name
}

function connections(text: string): number | 'max' {
  return text === 'max' ? 'max' : integer(1, 1_000_000)(text)
}

function seconds(text: string): number {
  const value = Number(text)
  if (value >= 0.05 && value <= 3600) return value
  throw new InvalidArgumentError('Expected a number from 0.05 to 3600.')
}

/** @returns a parser of whole decimal numbers within the bounds */
function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }
}

export const describeRows = (): string =>
  [
    ...allRows.map(({ name, scenario }) => `${name.padEnd(22)} ${scenario.about}`),
    '',
    ...subjects.map(({ name, about }) => `${name.padEnd(22)} ${about}`),
  ].join('\n')

import { command, InvalidArgumentError, listOf, numberUpTo, parse, wholeNumber } from '@sock/tools/options'
import { allRows, chooseRows, type RowPlan } from './rows.js'
import { parseRule, type Rule } from './rules.js'
import { CONTROL, subjects } from './subjects/subject.js'

export interface Options {
  readonly only: readonly RowPlan[]
  /** The names of the subjects, the control first. */
  readonly subjects: readonly string[]
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  readonly pace: number
  readonly node: string
  readonly steadyHeap?: true
  readonly json?: string
  readonly compare?: string
  readonly assert: readonly Rule[]
  readonly profile?: string
  readonly publish?: true
  readonly list?: true
}

const MORE = `
A rule is [rows:]subject[.metric]>=number, or <=; the number is a ratio to ${CONTROL}:
  callbacks>=0.97               every row whose figure is the better the more it is
  tcp/rr:for-await>=0.92        one row, or a glob
  */idle:callbacks<=1.25        memory
  tcp/rr:callbacks.cpu<=1.05    another figure than the first of the row

Exit code: 0 all went well; 1 a row failed, or a rule does not hold; 2 wrong options; 130 ended by Ctrl-C.`

const names = subjects.map(({ name }) => name)
const usual = subjects.filter(({ isExtra }) => isExtra !== true).map(({ name }) => name)

/** Returns the options. After printing the help or an error, returns the exit code instead. */
export function parseOptions(args: readonly string[]): Options | number {
  const commandLine = command(
    'npm run bench --',
    'Measures what @sock/* costs, against raw node:net, node:tls, node:dgram and unix-dgram on the same traffic.',
  )
    .option('--only <rows>', 'rows, such as tcp/rr,udp or */idle', explained(rows), allRows)
    .option(
      '--subjects <names>',
      `beside ${CONTROL}: ${names.slice(1).join(', ')}; or all`,
      subjectList,
      usual,
    )
    .option('--rounds <number>', 'rounds per row', wholeNumber(1, 1000), 5)
    .option('--seconds <number>', 'length of a round of one subject', numberUpTo(3600), 0.25)
    .option('--connections <number>', 'idle connections', wholeNumber(1, 25_000), 10_000)
    .option(
      '--pace <number>',
      'messages per second where latency is measured',
      wholeNumber(1, 1_000_000),
      8000,
    )
    .option('--node <binary>', 'Node that runs the servers', process.execPath)
    .option('--steady-heap', 'let glibc keep memory that servers free: rows of large chunks vary less')
    .option('--json <file>', 'write the results')
    .option('--compare <file>', 'show what has changed since these results')
    .option('--assert <rule>', 'exit with 1 unless it holds; may be given more than once', rules, [])
    .option('--profile <folder>', 'leave a CPU profile of each server of each scenario')
    .option('--publish', 'write docs/benchmarks.json, its chart and the tables of docs/benchmarks.md')
    .option('--list', 'show the rows and the subjects')
    .addHelpText('after', MORE)
  return parse<Options>(commandLine, args)
}

const rows = (text: string): readonly RowPlan[] => chooseRows(text.split(','))

/** Parses the names of subjects, and adds the control, which is always measured. */
function subjectList(text: string): readonly string[] {
  return text === 'all' ? names : listOf(names)(`${CONTROL},${text.replaceAll('ours-', '')}`)
}

const rules = (text: string, before: readonly Rule[]): Rule[] => [...before, explained(parseRule)(text)]

/** Returns a parser whose errors commander shows as errors of the option. */
function explained<T>(parser: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parser(text)
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message)
    }
  }
}

export const describeRows = (): string =>
  [
    ...allRows.map(({ name, scenario }) => `${name.padEnd(22)} ${scenario.about}`),
    '',
    ...subjects.map(({ name, about }) => `${name.padEnd(22)} ${about}`),
  ].join('\n')

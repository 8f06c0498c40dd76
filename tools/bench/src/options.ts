import { command, listOf, numberUpTo, Option, parse, wholeNumber } from '@sock/tools/options'
import type { Method } from './measure.js'
import { allRows, chooseRows, type RowPlan } from './rows.js'
import { CONTROL, subjects } from './subjects/subject.js'

export interface Options extends Pick<
  Method,
  'rounds' | 'seconds' | 'connections' | 'steadyHeap' | 'profile'
> {
  readonly only: readonly RowPlan[]
  readonly subjects: readonly string[]
  readonly bun?: string
  readonly json?: string
  readonly compare?: string
  readonly assert?: true
  readonly publish?: true
  readonly render?: true
  readonly list?: true
}

const MORE = `
Exit code: 0 all went well; 1 a row failed, or with --assert a figure misses its goal; 2 wrong options; 130 ended by Ctrl-C.`

const names = subjects.map(({ name }) => name)
const others = names.filter((name) => name !== CONTROL)
const usual = subjects.filter(({ isExtra }) => isExtra !== true).map(({ name }) => name)

/** Returns the options. After printing the help or an error, returns the exit code instead. */
export function parseOptions(args: readonly string[]): Options | number {
  const commandLine = command(
    'npm run bench --',
    'Measures what @sock/* costs, against raw node:net, node:tls, node:dgram and unix-dgram on the same traffic.',
  )
    .addOption(
      new Option('--only <rows>', 'rows, such as tcp/rr,udp or */idle')
        .argParser(chooseRows)
        .default(allRows, 'all'),
    )
    .addOption(
      new Option('--subjects <names>', `beside ${CONTROL}: ${others.join(', ')}; or all`)
        .argParser(subjectList)
        .default(usual, usual.filter((name) => name !== CONTROL).join(',')),
    )
    .option('--rounds <number>', 'rounds per row', wholeNumber(1, 1000), 11)
    .option('--seconds <number>', 'length of a round of one subject', numberUpTo(3600), 0.5)
    .option('--connections <number>', 'idle connections', wholeNumber(1, 25_000), 10_000)
    .option('--bun <binary>', 'measure servers on Bun, too')
    .option('--steady-heap', 'let glibc keep memory that servers free: rows of large chunks vary less')
    .option('--json <file>', 'write the results')
    .option('--compare <file>', 'show what has changed since these results')
    .option('--profile <folder>', 'leave a CPU profile of each server of each scenario')
    .option('--assert', 'fail if a figure misses its goal (tools/bench/src/goals.ts has the goals)')
    .option('--publish', 'write docs/benchmarks.json, its chart, and the tables of the pages')
    .option('--render', 'measure nothing: write the chart and the tables again, from docs/benchmarks.json')
    .option('--list', 'show the rows and the subjects')
    .addHelpText('after', MORE)
  return parse<Options>(commandLine, args)
}

/** Parses the names of subjects, and adds the control, which is always measured. */
function subjectList(text: string): readonly string[] {
  return text === 'all' ? names : listOf(names)(`${CONTROL},${text}`)
}

export const describeRows = (): string =>
  [
    ...allRows.map(({ name, scenario }) => `${name.padEnd(24)}${scenario.about}`),
    '',
    ...subjects.map(({ name, about }) => `${name.padEnd(24)}${about}`),
  ].join('\n')

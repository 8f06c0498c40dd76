import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { checkAssertion } from './assertion.js'
import { createCertificate } from './certificate.js'
import { descriptorLimit } from './descriptors.js'
import type { GeneratorCommands } from './generator.js'
import { describeCommit, describeMachine } from './machine.js'
import { measureRow, roundsOf, type Method } from './method.js'
import { describeRows, parseOptions, type Options } from './options.js'
import { Processes } from './processes.js'
import { createProgress } from './progress.js'
import { machineLines, rowLines } from './report.js'
import { readResults, type Results, type Row } from './results.js'
import { publish } from './publish.js'
import { drawChart } from './chart.js'
import { drawTable } from './markdown.js'
import { compareResults } from './compare.js'
import type { RowPlan } from './rows.js'
import { subjects } from './subjects/subjects.js'

const INTERRUPTED = 130

/** @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (typeof options === 'number') return options
  if (options.list) {
    console.log(describeRows())
    return 0
  }
  try {
    // Read before hours of measuring, in case it is not there.
    const before = options.compare === undefined ? undefined : readResults(options.compare)
    const results = await measureAll(options)
    return results === undefined ? INTERRUPTED : await conclude(results, before, options)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    console.error(`error: ${error.message}`)
    return 1
  }
}

/** @returns undefined when it was interrupted */
async function measureAll(options: Options): Promise<Results | undefined> {
  const machine = describeMachine(options.node)
  const commit = describeCommit()
  const { rounds, seconds, connections, generator } = options
  const settings = { rounds, seconds, connections, generator }
  const empty: Results = { version: 2, machine, commit, settings, rows: [] }
  const most = descriptorLimit()
  const method: Method = {
    ...options,
    connections: connections === 'max' ? most : Math.min(connections, most),
    mostConnections: most,
    profileFolder: options.profile === undefined ? undefined : resolve(options.profile),
  }
  if (method.profileFolder !== undefined) await mkdir(method.profileFolder, { recursive: true })
  console.log(machineLines(empty).join('\n') + '\n')

  const processes = new Processes()
  const folder = await mkdtemp(join(tmpdir(), 'sock-bench-'))
  let isInterrupted = false
  const interrupt = (): void => {
    isInterrupted = true
    void processes.end()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, interrupt)
  try {
    const rows = await measureRows(options.rows, method, processes, folder, () => isInterrupted)
    return isInterrupted ? undefined : { ...empty, rows }
  } catch (error) {
    if (isInterrupted) return undefined
    throw error
  } finally {
    await processes.end()
    await rm(folder, { recursive: true, force: true })
    for (const signal of signals) process.off(signal, interrupt)
  }
}

async function measureRows(
  plans: readonly RowPlan[],
  method: Method,
  processes: Processes,
  folder: string,
  isOver: () => boolean,
): Promise<Row[]> {
  const generator = await processes.start<GeneratorCommands>('generator')
  const certificate = await createCertificate()
  const methods = plans.map((plan) => ({ plan, method: forRow(plan, method) }))
  const total = methods.reduce(
    (sum, one) => sum + roundsOf(one.plan, one.method) * one.method.subjects.length,
    0,
  )
  const progress = createProgress(total, process.stderr.isTTY)
  const rows: Row[] = []
  try {
    for (const { plan, method: own } of methods) {
      const row = await measureRow(plan, own, {
        processes,
        generator,
        certificate,
        folder,
        advance: (name, subject) => progress.advance(name, subject),
      })
      if (isOver()) break
      rows.push(row)
      progress.print(rowLines(row))
    }
  } finally {
    progress.stop()
  }
  return rows
}

/** Not every subject exists on every transport. */
function forRow({ transport }: RowPlan, method: Method): Method {
  const has = (name: string): boolean =>
    subjects.some((subject) => subject.name === name && subject.transports.includes(transport))
  return { ...method, subjects: method.subjects.filter(has) }
}

async function conclude(results: Results, before: Results | undefined, options: Options): Promise<number> {
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(results, undefined, 2) + '\n')
  if (options.markdown !== undefined) await writeFile(options.markdown, drawTable(results) + '\n')
  if (options.chart !== undefined) await writeFile(options.chart, drawChart(results))
  if (options.publish) await publish(results)
  if (before !== undefined)
    console.log(['', `Since commit ${before.commit}:`, ...compareResults(before, results)].join('\n'))
  const broken = options.assert.flatMap((assertion) => checkAssertion(assertion, results))
  for (const sentence of broken) console.error(sentence)
  return broken.length > 0 || results.rows.some(({ failure }) => failure !== undefined) ? 1 : 0
}

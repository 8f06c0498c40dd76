import { createCertificate } from '@sock/tools/certificate'
import { withFolder, type Folder } from '@sock/tools/folder'
import { endAll } from '@sock/tools/processes'
import { createScreen } from '@sock/tools/screen'
import { listenForStop } from '@sock/tools/stop'
import { mkdir, writeFile } from 'node:fs/promises'
import { describeMisses } from './goals.js'
import { descriptorLimit, describeCommit, describeMachine, observeDisturbance } from './machine.js'
import { measureRow, roundsOf, startGenerator, type Method } from './measure.js'
import { nativeEngine } from './modules.js'
import { describeRows, parseOptions, type Options } from './options.js'
import { publish } from './page.js'
import { compareResults, conclusions, header, machineLines, percent, rowLines } from './report.js'
import { readResults, type Results, type Row } from './results.js'
import type { RowPlan } from './rows.js'
import { subjectsOf } from './subjects/subject.js'

/** Shares of all processors. Above these, other programs change the figures. */
const MOST_BUSY = 0.1
const MOST_STEAL = 0.02

/** @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (typeof options === 'number') return options
  if (options.list) {
    console.log(describeRows())
    return 0
  }
  const stop = listenForStop()
  stop.wanted.addEventListener('abort', () => void endAll())
  try {
    // Read this before measuring for hours, in case it does not exist.
    const before = options.compare === undefined ? undefined : readResults(options.compare)
    const results = await withFolder('bench', (folder) => measureAll(options, folder, stop.wanted))
    return stop.wanted.aborted ? stop.exitCode : await conclude(results, before, options)
  } catch (error) {
    if (stop.wanted.aborted) return stop.exitCode
    if (!(error instanceof Error)) throw error
    console.error(`error: ${error.message}`)
    return 1
  } finally {
    await endAll()
  }
}

async function measureAll(options: Options, folder: Folder, stop: AbortSignal): Promise<Results> {
  const { rounds, seconds, connections, steadyHeap = false } = options
  const generator: 'node' | 'native' = nativeEngine === undefined ? 'node' : 'native'
  const settings = { rounds, seconds, connections, generator, steadyHeap }
  const machine = describeMachine(options.node)
  const empty: Results = { version: 2, machine, commit: describeCommit(), settings, rows: [] }
  const mostConnections = descriptorLimit()
  const method: Method = {
    ...options,
    connections: Math.min(connections, mostConnections),
    mostConnections,
  }
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true })
  console.log(machineLines(empty).join('\n'))
  await warnWhenBusy()
  console.log(['', ...header(options.subjects)].join('\n'))
  return { ...empty, rows: await measureRows(options.only, method, folder, stop) }
}

async function warnWhenBusy(): Promise<void> {
  const { busy, steal } = (await observeDisturbance()) ?? { busy: 0, steal: 0 }
  if (busy > MOST_BUSY)
    console.log(`! Other programs use ${percent(busy)} of this machine: end them, or the figures say little.`)
  if (steal > MOST_STEAL)
    console.log(`! The host of this machine takes ${percent(steal)} of it away: the figures may say little.`)
}

async function measureRows(
  plans: readonly RowPlan[],
  method: Method,
  folder: Folder,
  stop: AbortSignal,
): Promise<Row[]> {
  const generator = startGenerator()
  const certificate = await createCertificate()
  const screen = createScreen(process.stderr)
  const methods = plans.map((plan) => ({ plan, method: forRow(plan, method) }))
  const total = methods.reduce(
    (sum, one) => sum + roundsOf(one.plan, one.method) * one.method.subjects.length,
    0,
  )
  const begun = performance.now()
  let done = 0
  const rows: Row[] = []
  const advance = (row: string, subject: string): void => {
    const left =
      done === 0 ? '' : `, ${formatTime(((performance.now() - begun) / done) * (total - done))} left`
    screen.status(`row ${rows.length + 1} of ${plans.length}${left}: ${row} ${subject}`)
    done += 1
  }
  for (const { plan, method: own } of methods) {
    const row = await measureRow(plan, own, { generator, certificate, folder, advance })
    if (stop.aborted) break
    rows.push(row)
    screen.clear()
    console.log(rowLines(row, method.subjects).join('\n'))
  }
  screen.clear()
  await generator.stop()
  return rows
}

function formatTime(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}

/** Not every subject exists on every transport, or cuts streams. */
function forRow({ transport, scenario: { workload = 'echo' } }: RowPlan, method: Method): Method {
  const names = subjectsOf(workload, transport).map(({ name }) => name)
  const has = (name: string): boolean => names.includes(name)
  return { ...method, subjects: method.subjects.filter(has) }
}

async function conclude(results: Results, before: Results | undefined, options: Options): Promise<number> {
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(results, undefined, 2) + '\n')
  if (options.publish) await publish(results)
  for (const sentence of conclusions(results)) console.log(`! ${sentence}`)
  if (before !== undefined)
    console.log(['', `Since commit ${before.commit}:`, ...compareResults(before, results)].join('\n'))
  const misses = options.assert === true ? describeMisses(results) : []
  for (const miss of misses) console.log(`! ${miss}`)
  return misses.length > 0 || results.rows.some(({ failure }) => failure !== undefined) ? 1 : 0
}

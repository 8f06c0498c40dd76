import { createCertificate } from '@sock/tools/certificate'
import { withFolder, type Folder } from '@sock/tools/folder'
import { endAll } from '@sock/tools/processes'
import { createScreen } from '@sock/tools/screen'
import { listenForStop } from '@sock/tools/stop'
import { writeFile } from 'node:fs/promises'
import { describeMisses } from './goals.js'
import { describeCommit, describeMachine, observeDisturbance } from './machine.js'
import { measureRow, type Method } from './measure.js'
import { describeRows, parseOptions, type Options } from './options.js'
import { compareResults, header, machineLines, percent, rowLines } from './report.js'
import { readResults, type Results, type Row } from './results.js'
import type { RowPlan } from './rows.js'
import { preparePrograms } from './subjects/peers.js'
import { CONTROL, subjects, type Subject } from './subjects/subject.js'

/** Shares of all processors. Above these, other programs change the figures. */
const MOST_BUSY = 0.1
const MOST_STEAL = 0.02

// A round that was broken off may still have timers.
process.exit(await run(process.argv.slice(2)))

/** @returns the exit code */
async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (typeof options === 'number') return options
  if (options.list) {
    console.log(describeRows())
    return 0
  }
  if (options.render) {
    await (await import('./page.js')).render()
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
    console.error(`error: ${(error as Error).message}`)
    return 1
  } finally {
    await endAll()
  }
}

async function measureAll(options: Options, folder: Folder, stop: AbortSignal): Promise<Results> {
  const { rounds, seconds, connections, steadyHeap = false, bun } = options
  const settings = { rounds, seconds, connections, steadyHeap }
  const about = { version: 2, machine: describeMachine(bun), commit: describeCommit(), settings } as const
  console.log(machineLines(about).join('\n'))
  await warnWhenBusy()
  const programs = await preparePrograms(folder.path, bun)
  const chosen = subjects.filter(
    (subject) =>
      (subject.name === 'bun' || options.subjects.includes(subject.name)) &&
      (subject.needs === undefined || programs[subject.needs] !== undefined) &&
      options.only.some((plan) => canServe(subject, plan)),
  )
  const method = { ...options, programs, certificate: await createCertificate(), folder }
  return { ...about, rows: await measureRows(options, chosen, method, stop) }
}

function canServe({ transports, workloads }: Subject, { transport, workload }: RowPlan): boolean {
  return transports.includes(transport) && workloads.includes(workload)
}

async function warnWhenBusy(): Promise<void> {
  const { busy, steal } = await observeDisturbance()
  if (busy > MOST_BUSY)
    console.log(`! Other programs use ${percent(busy)} of this machine: end them, or the figures say little.`)
  if (steal > MOST_STEAL)
    console.log(`! The host of this machine takes ${percent(steal)} of it away: the figures may say little.`)
}

async function measureRows(
  { only: plans }: Options,
  chosen: readonly Subject[],
  method: Method,
  stop: AbortSignal,
): Promise<Row[]> {
  const screen = createScreen(process.stderr)
  const columns = chosen.map(({ name }) => name).filter((name) => name !== CONTROL)
  const rows: Row[] = []
  const begun = performance.now()
  console.log(`\n${header(columns)}`)
  for (const plan of plans) {
    const names = chosen.filter((subject) => canServe(subject, plan)).map(({ name }) => name)
    const left = describeTimeLeft(performance.now() - begun, rows.length, plans.length)
    const row = await measureRow(plan, names, method, (subject) =>
      screen.status(`row ${rows.length + 1} of ${plans.length}${left}: ${plan.name} ${subject}`),
    )
    if (stop.aborted) break
    rows.push(row)
    screen.clear()
    console.log(rowLines(row, columns).join('\n'))
  }
  return rows
}

/** @param elapsed ms for the rows that are done */
function describeTimeLeft(elapsed: number, done: number, total: number): string {
  if (done === 0) return ''
  const seconds = Math.ceil(((elapsed / done) * (total - done)) / 1000)
  return seconds < 100 ? `, ${seconds} s left` : `, ${Math.ceil(seconds / 60)} min left`
}

async function conclude(results: Results, before: Results | undefined, options: Options): Promise<number> {
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(results, undefined, 2) + '\n')
  // What draws the page would take memory while others are measured.
  if (options.publish) await (await import('./page.js')).publish(results)
  if (before !== undefined)
    console.log(['', `Since commit ${before.commit}:`, ...compareResults(before, results)].join('\n'))
  const misses = options.assert === true ? describeMisses(results) : []
  for (const miss of misses) console.log(`! ${miss}`)
  return misses.length > 0 || results.rows.some(({ failure }) => failure !== undefined) ? 1 : 0
}

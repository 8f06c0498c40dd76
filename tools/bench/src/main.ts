import { engine } from '@sock/native'
import { createCertificate } from '@sock/tools/certificate'
import { withFolder, type Folder } from '@sock/tools/folder'
import { endAll } from '@sock/tools/processes'
import { createScreen } from '@sock/tools/screen'
import { listenForStop } from '@sock/tools/stop'
import { mkdir, writeFile } from 'node:fs/promises'
import { describeMisses } from './goals.js'
import { describeCommit, describeMachine, observeDisturbance } from './machine.js'
import { measureRow, roundsOf, startGenerator, type Method } from './measure.js'
import { describeRows, parseOptions, type Options } from './options.js'
import { publish } from './page.js'
import { compareResults, conclusions, header, machineLines, percent, rowLines } from './report.js'
import { readResults, type Results, type Row } from './results.js'
import { allRows, type RowPlan } from './rows.js'
import { compileFloor, findHaproxy, type Peers } from './subjects/peers.js'
import { CONTROL, subjects, subjectsOf } from './subjects/subject.js'

/** Shares of all processors. Above these, other programs change the figures. */
const MOST_BUSY = 0.1
const MOST_STEAL = 0.02

process.exitCode = await run(process.argv.slice(2))

/** @returns the exit code */
async function run(args: readonly string[]): Promise<number> {
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
  const { rounds, seconds, connections, steadyHeap = false, profile, bun } = options
  const generator: 'node' | 'native' = engine.available ? 'native' : 'node'
  const settings = { rounds, seconds, connections, generator, steadyHeap }
  const machine = describeMachine(options.node, bun)
  const about = { version: 2, machine, commit: describeCommit(), settings } as const
  if (profile !== undefined) await mkdir(profile, { recursive: true })
  console.log(machineLines(about).join('\n'))
  await warnWhenBusy()
  const rows = options.only ?? allRows
  const needsFloor = options.subjects.includes('floor') || rows.some(isRelay)
  const floor = needsFloor ? compileFloor(folder.path) : undefined
  const haproxy = options.subjects.includes('haproxy') ? findHaproxy() : undefined
  const peers: Peers = { bun, floor, haproxy }
  const only = floor === undefined ? rows.filter((plan) => !isRelay(plan)) : rows
  const isThere = (name: string): boolean => peers[name as keyof Peers] !== undefined
  const names = subjects.filter(
    ({ name, isPeer = false }) =>
      (name === 'bun' || options.subjects.includes(name)) && (!isPeer || isThere(name)),
  )
  const method = { ...options, only, peers, subjects: names.map(({ name }) => name) }
  return { ...about, rows: await measureRows(method, folder, stop) }
}

function isRelay({ scenario }: RowPlan): boolean {
  return scenario.workload === 'relay'
}

async function warnWhenBusy(): Promise<void> {
  const { busy, steal } = await observeDisturbance()
  if (busy > MOST_BUSY)
    console.log(`! Other programs use ${percent(busy)} of this machine: end them, or the figures say little.`)
  if (steal > MOST_STEAL)
    console.log(`! The host of this machine takes ${percent(steal)} of it away: the figures may say little.`)
}

async function measureRows(all: Options & Method, folder: Folder, stop: AbortSignal): Promise<Row[]> {
  const generator = startGenerator()
  const certificate = await createCertificate()
  const screen = createScreen(process.stderr)
  const columns = all.subjects.filter((name) => name !== CONTROL)
  const rows: Row[] = []
  // Not every subject exists on every transport, or cuts streams.
  const jobs = (all.only ?? allRows).map((plan) => {
    const names = new Set(subjectsOf(plan).map(({ name }) => name))
    return { plan, method: { ...all, subjects: all.subjects.filter((name) => names.has(name)) } }
  })
  const turns = jobs.map(({ plan, method }) => roundsOf(plan, method) * method.subjects.length)
  const timeLeft = countDown(turns.reduce((sum, count) => sum + count, 0))
  const advance = (row: string, subject: string): void =>
    screen.status(`row ${rows.length + 1} of ${jobs.length}${timeLeft()}: ${row} ${subject}`)
  console.log(['', ...header(columns)].join('\n'))
  for (const { plan, method } of jobs) {
    const row = await measureRow(plan, method, { generator, certificate, folder, advance })
    if (stop.aborted) break
    rows.push(row)
    screen.clear()
    console.log(rowLines(row, columns).join('\n'))
  }
  screen.clear()
  await generator.stop()
  return rows
}

/** Returns a function that is called before each of `total` turns, and says how long all that are left may take. */
function countDown(total: number): () => string {
  const begun = performance.now()
  let done = 0
  return () => {
    const left = Math.ceil((((performance.now() - begun) / done) * (total - done)) / 1000)
    const text = left < 100 ? `${left} s` : `${Math.ceil(left / 60)} min`
    return done++ === 0 ? '' : `, ${text} left`
  }
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

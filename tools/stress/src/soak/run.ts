import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificates } from './certificates.js'
import { parseOptions, type Options } from './options.js'
import type { Row } from './row.js'
import { createScreen, type Screen } from './screen.js'
import { soak, type Progress } from './soak.js'
import { listenForStop } from './stop.js'
import { judge } from './verdict.js'

/** The whole program, from the arguments to the exit code: 0 if nothing was lost or leaked, 1 if something was. */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (typeof options === 'number') return options

  const screen = createScreen(process.stdout)
  const stop = listenForStop()
  const folder = await mkdtemp(join(tmpdir(), 'sock-soak-'))
  try {
    screen.print(
      `${options.only.join(', ')} for ${options.minutes} min over ${options.engine}, seed ${options.seed}. Ctrl-C ends it with a verdict.`,
    )
    const start = performance.now()
    const evidence = await soak(options, {
      folder,
      certificates: await createCertificates(),
      stop: stop.wanted,
      kill: stop.forced,
      show: (progress) => screen.status(formatProgress(progress, performance.now() - start)),
      tell: (problem) => screen.print(`${seconds(performance.now() - start)}: ${problem}`),
    })
    if (stop.forced.aborted) return stop.exitCode
    screen.clear()
    for (const what of Object.keys(evidence.counts).toSorted((a, b) => a.localeCompare(b))) {
      screen.print(`  ${evidence.counts[what]} ${what}`)
    }
    return await conclude(judge(evidence), options, screen)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const formatProgress = (
  { sessions, acknowledged, problems, cpu, server }: Progress,
  elapsed: number,
): string =>
  [
    seconds(elapsed),
    `${sessions} sessions`,
    `${megabytes(acknowledged)} acknowledged`,
    `server ${server?.descriptors ?? '?'} descriptors, rss ${megabytes(server?.rss ?? 0)}, heap ${megabytes(server?.heap ?? 0)}`,
    `cpu ${Math.round(cpu * 100)} %`,
    `${problems} problems`,
  ].join(' · ')

const seconds = (elapsed: number): string => `${Math.round(elapsed / 1000)} s`

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** Prints the verdict, and how many of its rows hold. @returns the exit code */
async function conclude(rows: readonly Row[], { results, seed }: Options, screen: Screen): Promise<number> {
  const width = Math.max(...rows.map(({ name }) => name.length))
  for (const { name, seen, problems } of rows) {
    screen.print(`${problems.length === 0 ? 'holds' : 'FAILS'}  ${name.padEnd(width)}  ${seen}`)
    for (const problem of problems) screen.print(`       ${problem}`)
  }
  const failed = rows.filter(({ problems }) => problems.length > 0).length
  const passed = rows.length - failed
  if (failed > 0) screen.print(`Repeat its choices with --seed ${seed}`)
  screen.print(`${passed} passed, ${failed} failed`)
  if (results !== undefined) await writeFile(results, JSON.stringify(asJest(passed, failed)))
  return failed === 0 ? 0 : 1
}

/** What jest's JSON report says in numbers. */
const asJest = (passed: number, failed: number) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
})

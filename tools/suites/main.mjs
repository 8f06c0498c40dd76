import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { engine as nativeEngine } from '@sock/native'
import { runProgram } from './programs.mjs'
import { countPasses, findLost } from './results.mjs'
import { prepareSuite, Unavailable } from './sources.mjs'
import { SUITES } from './suites.mjs'

const HELP = `Usage: npm run test:suites -- [options] [suite...]

Runs the test suites of other packages with raw Node, and with servers that listen
through @sock/*. Fails if a test passes with raw Node only.

Suites: ${SUITES.map(({ name, version }) => `${name} ${version}`).join(', ')} (default: all)

Options:
  --sources <folder>   take the sources of a suite from <folder>/<suite>, such as
                       <folder>/ws. Default: clone the repository of the package
  --help               show this

Sources, what they need, and the output of each run are in .cache/suites.
`

const cache = fileURLToPath(new URL('../../.cache/suites', import.meta.url))
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
/** The longest that one test may take, in ms: the suites assume a quiet machine. */
const TEST_LIMIT = 60_000
/** The longest that one run may take, in ms. */
const LIMIT = 10 * 60_000

const ENGINES = ['raw', 'node', ...(nativeEngine.available ? ['native'] : [])]

/** Runs the tests of a suite once. @returns what passed, and how many connections went over our sockets */
async function runOnce(suite, place, engine) {
  const output = join(cache, `${suite.name}.${engine}`)
  const results = `${output}.results`
  const log = `${output}.connections`
  for (const path of [results, log]) rmSync(path, { force: true })
  const imported = new URL('over-sock.mjs', import.meta.url).href
  const env = {
    ...process.env,
    NODE_OPTIONS: engine === 'raw' ? '' : `--import ${imported}`,
    SOCK_SUITE_ENGINE: engine,
    SOCK_SUITE_LOG: log,
    SOCK_SUITE_RESULTS: results,
  }
  const [command, args] = commandOf(suite, place, results)
  const began = performance.now()
  const ended = await runProgram(command, args, { cwd: place, env, limit: LIMIT })
  writeFileSync(`${output}.log`, ended.output)
  const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  const connections = read(log)
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0)
  return {
    ...countPasses(read(results)),
    connections,
    seconds: Math.round((performance.now() - began) / 1_000),
  }
}

function commandOf({ runner, args, files, using }, place, results) {
  if (runner === 'mocha')
    return [
      join(place, 'node_modules/.bin/mocha'),
      ['--reporter', here('report-mocha.cjs'), '--timeout', String(TEST_LIMIT), ...args],
    ]
  const reporter = [`--test-reporter=${here('report-node.mjs')}`, `--test-reporter-destination=${results}`]
  const tests = files === undefined ? [] : filesOf(place, files, using)
  // Errors go to the log.
  const logged = ['--test-reporter=spec', '--test-reporter-destination=stdout']
  return [
    process.execPath,
    ['--test', `--test-timeout=${TEST_LIMIT}`, ...reporter, ...logged, ...args, ...tests],
  ]
}

function filesOf(place, files, using) {
  return readdirSync(join(place, 'test'), { recursive: true })
    .map((path) => join('test', path))
    .filter((path) => files.test(path) && readFileSync(join(place, path), 'utf8').includes(using))
    .toSorted()
}

/** Runs a suite in all ways. @returns whether our sockets do what those of Node do */
async function compare(suite, given) {
  // express serves no files below a folder whose name begins with a dot.
  const place = mkdtempSync(join(tmpdir(), 'sock-suites-'))
  try {
    cpSync(await prepareSuite(suite, cache, given), place, { recursive: true, verbatimSymlinks: true })
    return await runAll(suite, place)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    console.log(`skip  ${suite.name} ${suite.version}: ${error.message}`)
    return true
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

async function runAll(suite, place) {
  let raw
  let isGood = true
  for (const engine of ENGINES) {
    const run = await runOnce(suite, place, engine)
    raw ??= run
    const lost = findLost(raw, run, suite.known)
    const isUsed = engine === 'raw' || run.connections > 0
    const isFine = lost.length === 0 && isUsed && run.passed > 0
    isGood &&= isFine
    const counts = `${run.passed} passed, ${run.failed} failed`
    const over = engine === 'raw' ? '' : `, ${run.connections} connections`
    console.log(
      `${isFine ? 'ok  ' : 'FAIL'}  ${suite.name} ${suite.version}, ${engine}: ${counts}${over}, ${run.seconds} s`,
    )
    if (engine === 'raw' && run.passed !== suite.passes)
      console.log(`      with raw Node ${suite.passes} tests were expected to pass`)
    for (const name of lost) console.log(`      only with raw Node: ${name}`)
  }
  return isGood
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sources: { type: 'string' }, help: { type: 'boolean', default: false } },
})
if (values.help) console.log(HELP)
else {
  const unknown = positionals.filter((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown.length > 0) {
    console.error(`Cannot find the suite ${unknown.join(', ')}\n\n${HELP}`)
    process.exitCode = 2
  } else {
    mkdirSync(cache, { recursive: true })
    const given = values.sources === undefined ? undefined : resolve(values.sources)
    const chosen = SUITES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    let isGood = true
    for (const suite of chosen) isGood = (await compare(suite, given)) && isGood
    process.exitCode = isGood ? 0 : 1
  }
}

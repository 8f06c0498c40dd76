import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkApi } from './api-check.mjs'
import { Failure, run } from './processes.mjs'
import { inRoot, readJson, root, workspaces } from './repository.mjs'
import { conclude, resultOf } from './results.mjs'
import { turbo } from './turbo.mjs'

/** Workspaces whose tests have the same result on every version of Node, or try several themselves. */
const SAME_ON_EVERY_NODE = /^tools\/(bench|checks|docs|release)$/

const HELP = `npm test                         checks everything: rules, format, lint, types, tests, documentation
npm test -- --filter <package>   only this package (tcp, @sock/tcp or packages/tcp); may be repeated
npm test -- --coverage           fails if a package's tests run fewer than 90 % of its lines; takes twice as long
npm test -- --force              takes no result from the cache
npm run test:extended            the long tests; test:<name> is one of them

In the folder of a package, Jest gets the options:
cd packages/core && npm test -- inbox -t 'name of a test'

TESTING.md has more.`

const flag = { type: 'boolean', default: false }

/**
 * `npm test`: rules, format, lint, types, the tests of all packages, examples and documentation.
 *
 * {@link HELP} has its options. `--repeated`, for the matrix, skips tests that have the same result on every version of Node:
 * another version has run them.
 */
export async function test(args) {
  const filter = { type: 'string', multiple: true, default: [] }
  const known = { coverage: flag, filter, force: flag, help: flag, repeated: flag }
  const { values: options } = parseArgs({ args, options: known })
  if (options.help) return console.log(HELP)
  if (options.coverage) process.env['SOCK_COVERAGE'] = '1'
  const isWhole = options.filter.length === 0
  const selected = isWhole ? packages(options) : options.filter.map(findPackage)
  const folders = isWhole ? ['.'] : selected.map(({ folder }) => folder)
  const scope = selected.map(({ manifest }) => `--filter=${manifest.name}`)
  const { step, runTests, end } = createSession(tasksOf(selected, (script) => script === 'test'))

  /** Checks the sources on one core, beside the tests, which often wait for other processes. Lint checks types, too. */
  const checkSources = async () => {
    await step('rules of the repository', () => node('tools/checks/rules.mjs'))
    await step('lint, types', () => node('node_modules/oxlint/bin/oxlint', '--deny-warnings', ...folders))
    const cache = ['--cache', '--cache-location=node_modules/.cache/prettier/.prettier-cache']
    const prettier = ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', ...cache]
    await step('format', () => node(...prettier, ...folders))
    // In a whole run, a test of tools/checks does that.
    const isPublished = ({ folder, manifest }) => folder.startsWith('packages/') && !manifest.private
    const publishedFolders = isWhole ? [] : selected.filter(isPublished).map(({ folder }) => folder)
    if (publishedFolders.length) await step('public API', () => checkApi(publishedFolders))
    if (isWhole) await step('nothing is unused', () => node('node_modules/knip/bin/knip.js', '--no-progress'))
  }
  await step('build', () => turbo(['build', '--continue', ...scope], { show: false }))
  const force = options.force ? ['--force'] : []
  const tests = runTests('tests', ['test', '--continue', ...force, ...scope])
  await Promise.all([tests, options.repeated || checkSources()])
  await end()
}

/**
 * The extended tests, which `npm test` leaves out: see TESTING.md. Each is a script `test:<name>` of a workspace.
 *
 *   [name...]            only these, such as `site`: what `npm run test:site` runs
 *   --repeated, --force, --help  as above
 */
export async function extended(args) {
  const options = { force: flag, help: flag, repeated: flag }
  const { values, positionals: names } = parseArgs({ args, options, allowPositionals: true })
  if (values.help) return console.log(HELP)
  const all = tasksOf(packages(values), (script) => script.startsWith('test:'))
  const tests = all.filter(({ task }) => names.length === 0 || names.includes(task.replace('test:', '')))
  if (tests.length < names.length)
    throw new Failure(`Cannot find all of these extended tests: ${names.join(', ')}`)
  const { step, runTests, end } = createSession(tests)
  // This compiler builds the published files; `npm test` uses the faster one of lint.
  const types = names.length || values.repeated ? [] : ['typecheck']
  const tasks = [...types, ...tests.map(({ task }) => task)]
  await runTests(tasks.join(', '), [...tasks, '--continue', ...(values.force ? ['--force'] : [])])
  if (types.length)
    await step('types in one program', () => node('node_modules/typescript/bin/tsc', '-p', '.'))
  await end()
}

/** @throws Failure for a name without a package, so that a typing error does not look like success */
function findPackage(name) {
  const found = workspaces().find(
    (it) => it.folder === name || [name, `@sock/${name}`].includes(it.manifest.name),
  )
  if (found === undefined) throw new Failure(`Cannot find the package "${name}"`)
  return found
}

const packages = ({ repeated }) =>
  workspaces().filter(({ folder }) => !repeated || !SAME_ON_EVERY_NODE.test(folder))

/** The scripts of workspaces, with the file for the JSON report of jest. */
const tasksOf = (selected, isWanted) =>
  selected.flatMap(({ folder, manifest: { scripts = {} } }) =>
    Object.keys(scripts)
      .filter(isWanted)
      .map((task) => ({
        task,
        name: task === 'test' ? folder : task,
        report: inRoot(folder, `${task.replace('test', 'test-results').replace(':', '-')}.json`),
      })),
  )

const node = (program, ...args) => run(process.execPath, [inRoot(program), ...args], { cwd: root })

/** Runs steps, then adds up the reports of `tests`. */
function createSession(tests) {
  // Remove old reports: only those that this run writes, or takes from the cache, count.
  for (const { report } of tests) rmSync(report, { force: true })
  const status = () => spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).stdout
  const before = status()
  const failedSteps = []

  /** Runs one step. The others run even if it fails, to show everything at once. */
  const step = async (name, begin) => {
    const { code, output } = await begin()
    console.log(code === 0 ? `ok    ${name}` : `FAIL  ${name}\n${output.trimEnd()}`)
    if (code !== 0) failedSteps.push(name)
  }

  /** Runs turbo, which prints only failures, and says which tests have ended: a whole run takes minutes. */
  const runTests = (name, args) =>
    step(name, async () => {
      const running = new Set(tests)
      const timer = setInterval(() => {
        for (const one of running) {
          if (!existsSync(one.report) || !running.delete(one)) continue
          console.log(`      ${one.name} has ended, ${tests.length - running.size} of ${tests.length}`)
        }
      }, 1_000)
      const ended = await turbo(args)
      clearInterval(timer)
      return ended
    })

  /** Adds up the reports, and ends the output. */
  const end = async () => {
    const now = status()
    const output = `Files changed while the tests ran, by a test or by you:\n${now}`
    await step('nothing is left behind', () => ({ code: now === before ? 0 : 1, output }))
    const results = tests.map(({ name, report }) =>
      resultOf(name, existsSync(report) ? readJson(report) : undefined),
    )
    conclude(results, failedSteps)
  }
  return { step, runTests, end }
}

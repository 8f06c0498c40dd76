/*
 * `npm test`: what tells you whether a change is right. Rules, format, lint, types, the tests of all packages, examples
 * and documentation. What is for releases and nights is in extended.mjs. The last line is the sum of what the test
 * runners themselves counted, `N passed, N failed`; the exit code is 0 only if nothing at all went wrong.
 *
 *   --filter <package>   only this package (`tcp`, `@sock/tcp` or `packages/tcp`); may be repeated
 *   --coverage           also measure, and fail if fewer than 90 % of a package's lines were run; takes twice as long
 *   --repeated           without what has the same result on every version of Node; another one was tested before
 *   --force              run what did not change as well, instead of taking its result from the cache
 */
import { parseArgs } from 'node:util'
import { turbo } from './bootstrap/turbo.mjs'
import { workspaces } from './bootstrap/workspace.mjs'
import { formatIsKept } from './format.mjs'
import { lintIsKept } from './lint.mjs'
import { dependsOnNode } from './once.mjs'
import { dropResults, readResults } from './results.mjs'
import { findViolations } from './rules.mjs'
import { select } from './select.mjs'
import { createSession } from './session.mjs'
import { testsOf } from './tasks.mjs'
import { nothingIsUnused } from './unused.mjs'

const { values: options } = parseArgs({
  options: {
    coverage: { type: 'boolean', default: false },
    filter: { type: 'string', multiple: true, default: [] },
    force: { type: 'boolean', default: false },
    repeated: { type: 'boolean', default: false },
  },
})
if (options.coverage) process.env['SOCK_COVERAGE'] = '1'
const isWhole = options.filter.length === 0
const known = options.repeated ? workspaces().filter(dependsOnNode) : workspaces()
const selected = select(known, options.filter)
const folders = isWhole ? ['.'] : selected.map(({ folder }) => folder)
const scope = isWhole && !options.repeated ? [] : selected.map(({ manifest }) => `--filter=${manifest.name}`)
const tests = testsOf(selected)

const { step, conclude } = createSession()

/** Each runs on one core, and the tests beside them: they wait for other processes now and then. */
async function checkSources() {
  await step('rules of the repository', (print) => {
    const violations = findViolations()
    for (const violation of violations) print(violation)
    return violations.length === 0
  })
  await step('lint, types', (print) => lintIsKept(folders, print))
  await step('format', (print) => formatIsKept(folders, print))
  if (isWhole) await step('nothing is unused', nothingIsUnused)
}

async function runTests() {
  if (tests.length === 0) return
  // A result that was not written by this run, or taken from the cache by it, must not be counted.
  dropResults(tests)
  const force = options.force ? ['--force'] : []
  await step('tests', async () => {
    const { code } = await turbo(['test', '--continue', '--output-logs=errors-only', ...force, ...scope])
    return code === 0
  })
}

await step('build', async (print) => {
  const { code, output } = await turbo(['build', '--continue', '--output-logs=errors-only', ...scope], {
    show: false,
  })
  if (code !== 0) print(output)
  return code === 0
})
await Promise.all([runTests(), options.repeated ? undefined : checkSources()])
await conclude(tests.map(readResults))

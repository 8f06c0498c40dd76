/*
 * Every check there is, in one command: exactly what `npm test`, `npm run all` and CI run. The last line is the sum of
 * what the test runners themselves counted, `N passed, N failed`; the exit code is 0 only if nothing at all went wrong.
 *
 *   --filter <package>   only this package (`tcp`, `@sock/tcp` or `packages/tcp`); may be repeated
 *   --repeated           without what has the same result on every version of Node; another one was tested before
 *   --soak <minutes>     also load all transports with faults for so long, and count the rows of the verdict
 *   --force              run what did not change as well, instead of taking its result from the cache
 */
import { parseArgs } from 'node:util'
import { turbo } from '../bootstrap/turbo.mjs'
import { workspaces } from '../bootstrap/workspace.mjs'
import { findViolations } from './rules.mjs'
import { formatIsKept } from './format.mjs'
import { dependsOnNode } from './once.mjs'
import { dropResults, line, readResults, total } from './results.mjs'
import { select } from './select.mjs'
import { checkMinutes, soak } from './soak.mjs'
import { compareTrees, readTree } from './tree.mjs'
import { nothingIsUnused } from './unused.mjs'

const { values: options } = parseArgs({
  options: {
    filter: { type: 'string', multiple: true, default: [] },
    force: { type: 'boolean', default: false },
    repeated: { type: 'boolean', default: false },
    soak: { type: 'string' },
  },
})
checkMinutes(options.soak)
const known = options.repeated ? workspaces().filter(dependsOnNode) : workspaces()
const selected = select(known, options.filter)
const tree = readTree()
const tested = selected.filter(({ manifest }) => manifest.scripts?.test)

/** Runs one step and remembers its name if it failed; the others run all the same, to show everything at once. */
const broken = []
async function step(name, holds) {
  console.log(`— ${name}`)
  if (!(await holds())) broken.push(name)
}

if (!options.repeated) {
  await step('rules of the repository', () => {
    const violations = findViolations()
    for (const violation of violations) console.log(violation)
    return violations.length === 0
  })
  await step('format', () =>
    formatIsKept(options.filter.length ? selected.map(({ folder }) => folder) : ['.']),
  )
}

const tasks = options.repeated ? ['build', 'test'] : ['lint', 'typecheck', 'build', 'test']
await step(options.repeated ? 'build, tests' : 'lint, types, build, tests', async () => {
  // A result that was not written by this run, or taken from the cache by it, must not be counted.
  dropResults(tested)
  const scope = selected.map(({ manifest }) => `--filter=${manifest.name}`)
  if (options.force) scope.push('--force')
  const { code } = await turbo([...tasks, '--continue', '--output-logs=errors-only', ...scope])
  return code === 0
})

// Tests may import what was built, so this comes after it.
if (options.filter.length === 0 && !options.repeated) await step('nothing is unused', nothingIsUnused)

if (selected.some(({ folder }) => folder === 'tools/packages')) {
  // Not in every clone: one may hold a single transport.
  const { sizesAreKept } = await import('../packages/sizes.mjs')
  await step('sizes of what is published', sizesAreKept)
}

const results = tested.map(readResults)

if (options.soak !== undefined) {
  const folder = 'tools/soak/results'
  dropResults([{ folder }])
  await step('soak', () => soak(options.soak, folder))
  results.push(readResults({ folder }))
}

await step('nothing is left behind', () => {
  const changes = compareTrees(tree, readTree())
  for (const change of changes) console.log(change)
  if (changes.length) console.log('That happened while this ran: by a test, or by you?')
  return changes.length === 0
})

console.log()
for (const result of results) console.log(`${result.folder.padEnd(20)}${line(result)}${result.note}`)
if (broken.length) console.log(`Not in order: ${broken.join('; ')}`)
const sum = total(results)
console.log(line(sum))
process.exitCode = broken.length || sum.failed ? 1 : 0

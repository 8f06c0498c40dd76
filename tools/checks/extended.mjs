/*
 * The extended tests: what `npm test` leaves out, because only releases or nights need it. TESTING.md says what each
 * proves and how long it takes. Without names: all of them. The last line is the sum, `N passed, N failed`.
 *
 *   [name...]            only these, such as `site`: what `npm run test:site` runs
 *   --repeated           without what has the same result on every version of Node; another one was tested before
 *   --soak <minutes>     also load all transports with faults for so long, and count the rows of the verdict
 *   --force              run what did not change as well, instead of taking its result from the cache
 */
import { parseArgs } from 'node:util'
import { Failure } from './bootstrap/failure.mjs'
import { turbo } from './bootstrap/turbo.mjs'
import { workspaces } from './bootstrap/workspace.mjs'
import { dependsOnNode } from './once.mjs'
import { dropResults, readResults } from './results.mjs'
import { createSession } from './session.mjs'
import { checkMinutes, soak } from './soak.mjs'
import { extendedTestsOf } from './tasks.mjs'

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    force: { type: 'boolean', default: false },
    repeated: { type: 'boolean', default: false },
    soak: { type: 'string' },
  },
})
checkMinutes(options.soak)

const known = extendedTestsOf(options.repeated ? workspaces().filter(dependsOnNode) : workspaces())
for (const name of names) {
  if (known.some(({ task }) => task === `test:${name}`)) continue
  const others = known.map(({ task }) => task.replace('test:', '')).join(', ')
  throw new Failure(`Cannot find the extended test "${name}": known are ${others}`)
}
const tests = names.length ? known.filter(({ task }) => names.includes(task.replace('test:', ''))) : known

const { step, conclude } = createSession()
// A result that was not written by this run, or taken from the cache by it, must not be counted.
dropResults(tests)
const force = options.force ? ['--force'] : []
// The compiler that makes what is published, beside the one of lint that npm test asks.
const types = names.length || options.repeated ? [] : ['typecheck']
const tasks = [...types, ...tests.map(({ task }) => task)]
await step(tasks.join(', '), async () => {
  const { code } = await turbo([...tasks, '--continue', '--output-logs=errors-only', ...force])
  return code === 0
})

if (tests.some(({ task }) => task === 'test:packages')) {
  const { sizesAreKept } = await import('../release/packages/sizes.mjs')
  await step('sizes of what is published', sizesAreKept)
}

const results = tests.map(readResults)

if (options.soak !== undefined) {
  const minutes = { folder: 'tools/stress/results', task: 'test' }
  dropResults([minutes])
  await step('soak', () => soak(options.soak, minutes.folder))
  results.push({ ...readResults(minutes), name: `soak of ${options.soak} min` })
}

await conclude(results)

import { mkdirSync } from 'node:fs'
import { run } from './bootstrap/child.mjs'
import { Failure } from './bootstrap/failure.mjs'
import { inRoot } from './bootstrap/workspace.mjs'

/** Looks at once at what the soak would refuse only after all tests. @throws Failure */
export function checkMinutes(minutes) {
  if (minutes !== undefined && !(Number(minutes) > 0))
    throw new Failure(`Cannot soak for "${minutes}" minutes: a number above 0 is expected`)
}

/** Runs the soak, which must have been built. Its results are then in `folder`. @returns whether everything held */
export async function soak(minutes, folder) {
  mkdirSync(inRoot(folder), { recursive: true })
  const results = inRoot(folder, 'test-results.json')
  const program = inRoot('tools/stress/dist/soak/main.js')
  const { code } = await run(process.execPath, [program, '--minutes', minutes, '--results', results], {
    show: true,
  })
  return code === 0
}

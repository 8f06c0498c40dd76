import { existsSync, rmSync } from 'node:fs'
import { inRoot, readJson } from './bootstrap/workspace.mjs'

/** Where the script `test` or `test:<name>` of a workspace writes what it counted. */
const fileOf = ({ folder, task }) =>
  inRoot(folder, `${task.replace('test', 'test-results').replace(':', '-')}.json`)

/** Removes what earlier runs counted. */
export function dropResults(tests) {
  for (const test of tests) rmSync(fileOf(test), { force: true })
}

/** What the test runner of one task counted, from the file it wrote. */
export function readResults(test) {
  const file = fileOf(test)
  const name = test.task === 'test' ? test.folder : test.task
  return { name, ...(existsSync(file) ? countJest(readJson(file)) : unfinished) }
}

/** No file: the runner was never started, since the build failed, or it died. Either way its tests did not pass. */
const unfinished = { passed: 0, failed: 1, skipped: 0, note: ' (the tests did not run to their end)' }

/** From the JSON report of jest, in which the tests of a file that could not be loaded are not counted at all. */
export function countJest(report) {
  const unloaded = report.numRuntimeErrorTestSuites
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded,
    skipped: report.numPendingTests + report.numTodoTests,
    note: unloaded ? ` (${unloaded} of them are files that could not be loaded)` : '',
  }
}

export function total(results) {
  const sum = (key) => results.reduce((before, result) => before + result[key], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

/** @returns `3 passed, 0 failed`, and `, 1 skipped` if any was. */
export const line = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`

/** The counts in the last line of an output, as {@link line} writes it; a failure if there is none. */
export function parseLine(output) {
  const last = output.trimEnd().split('\n').at(-1) ?? ''
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(last)
  if (match === null) return { passed: 0, failed: 1, skipped: 0 }
  const [, passed, failed, skipped = 0] = match
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }
}

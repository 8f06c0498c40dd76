import { stripVTControlCharacters } from 'node:util'

/** Returns the counts of a JSON report of jest. Without a report, jest did not run to its end. */
export function count(report) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 }
  return {
    passed: report.numPassedTests,
    // jest counts no test of a file that it cannot load.
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/**
 * A line for each failed test of a JSON report of jest, with the first line of its message, or for each file that jest could
 * not load.
 */
export const failures = (name, { testResults = [] } = {}) =>
  testResults.flatMap(({ status, message, assertionResults: tests }) => {
    const failed = tests.filter((test) => test.status === 'failed')
    if (status === 'failed' && failed.length === 0) return [failure(name, message)]
    return failed.map(({ fullName, failureMessages: [text = ''] }) => failure(name, `${fullName}: ${text}`))
  })

const failure = (name, text) =>
  `✗ ${name}  ${stripVTControlCharacters(text).trim().split('\n', 1)[0].slice(0, LONGEST)}`

/** Enough for a name and a sentence. */
const LONGEST = 400

/** The lines of {@link failures} in an output. */
export const parseFailures = (output) => output.match(/^✗ .+$/gm) ?? []

/**
 * Ends an output, where people look first: a line for each of `results`, all their failed tests, and the sum, for which CI
 * looks. Sets the exit code.
 *
 * @param broken what else is not in order
 */
export function conclude(results, broken = []) {
  console.log()
  for (const { name, ...counts } of results) console.log(`${name.padEnd(36)}${line(counts)}`)
  for (const text of results.flatMap(({ lines }) => lines)) console.log(text)
  if (broken.length) console.log(`Not in order: ${broken.join('; ')}`)
  const sum = (key) => results.reduce((before, result) => before + result[key], 0)
  console.log(line({ passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }))
  process.exitCode = broken.length || sum('failed') ? 1 : 0
}

/** @returns `3 passed, 0 failed`, with `, 1 skipped` if any was skipped; CI looks for this line */
export const line = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`

/** Parses the last line of an output, as {@link line} writes it. Returns undefined if it has another form. */
export function parseLine(output) {
  const last = output.trimEnd().split('\n').at(-1)
  const [, ...counts] = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(last) ?? []
  const [passed, failed, skipped = 0] = counts.map((text) => Number(text ?? 0))
  return passed === undefined ? undefined : { passed, failed, skipped }
}

import { stripVTControlCharacters } from 'node:util'

/**
 * Returns the counts of a JSON report of jest, and a line for each failed test, with the start of its message, or for each file
 * that jest could not load. Without a report, jest did not run to its end.
 */
export function resultOf(name, report) {
  if (report === undefined) return { name, passed: 0, failed: 1, skipped: 0, lines: [] }
  const failures = report.testResults.flatMap(({ status, message, assertionResults: tests }) => {
    const failed = tests.filter((test) => test.status === 'failed')
    if (status === 'failed' && failed.length === 0) return [message]
    return failed.map(({ fullName, failureMessages: [text = ''] }) => `${fullName}: ${text}`)
  })
  // 400 characters are enough for a name and a sentence.
  const start = (text) => stripVTControlCharacters(text).trim().split('\n', 1)[0].slice(0, 400)
  const lines = failures.map((text) => `✗ ${name}  ${start(text)}`)
  const skips = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'pending' || status === 'todo')
    .map(({ fullName }) => `skip  ${name}  ${fullName}`)
  return { name, passed: report.numPassedTests, failed: lines.length, skipped: skips.length, lines, skips }
}

/** How many names of skipped tests are shown. Without a C compiler there are hundreds. */
const SHOWN_SKIPS = 30

/**
 * Prints the end of an output: a line for each of `results`, their failed tests, and the sum, which CI reads. Sets the exit
 * code.
 *
 * @param failedSteps names of what else has failed
 */
export function conclude(results, failedSteps = []) {
  console.log()
  for (const { name, ...counts } of results) console.log(`${name.padEnd(36)}${line(counts)}`)
  const skips = results.flatMap((result) => result.skips ?? [])
  for (const text of skips.slice(0, SHOWN_SKIPS)) console.log(text)
  if (skips.length > SHOWN_SKIPS) console.log(`skip  and ${skips.length - SHOWN_SKIPS} more`)
  for (const text of results.flatMap(({ lines }) => lines)) console.log(text)
  if (failedSteps.length) console.log(`Failed steps: ${failedSteps.join('; ')}`)
  const sum = (key) => results.reduce((before, result) => before + result[key], 0)
  console.log(line({ passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }))
  process.exitCode = failedSteps.length || sum('failed') ? 1 : 0
}

const line = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`

/** Parses what {@link conclude} or `.ci/bare` has printed. Returns undefined if the last line has no counts. */
export function parseResult(output) {
  const last = output.trimEnd().split('\n').at(-1)
  const found = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(last)
  if (found === null) return undefined
  const [passed, failed, skipped] = found.slice(1).map((text) => Number(text ?? 0))
  return { passed, failed, skipped, lines: output.match(/^✗ .+$/gm) ?? [] }
}

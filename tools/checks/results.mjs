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

/** How many names of skipped tests are shown. Without a C compiler there are hundreds: then each reason is shown once. */
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
  for (const text of linesOfSkips(skips)) console.log(text)
  for (const text of results.flatMap(({ lines }) => lines)) console.log(text)
  if (failedSteps.length) console.log(`Failed steps: ${failedSteps.join('; ')}`)
  const sum = sumOf(results, failedSteps)
  console.log(line(sum))
  process.exitCode = sum.failed ? 1 : 0
}

/** The step of the tests has failed if a test has. So the sum is at least the number of failed steps, and never 0 with one. */
export function sumOf(results, failedSteps) {
  const sum = (key) => results.reduce((before, result) => before + result[key], 0)
  return {
    passed: sum('passed'),
    failed: Math.max(sum('failed'), failedSteps.length),
    skipped: sum('skipped'),
  }
}

/** The lines themselves, or one for each package and reason if there are many. `.ci/bare` looks for what has no reason. */
export function linesOfSkips(skips) {
  if (skips.length <= SHOWN_SKIPS) return skips
  const counts = new Map()
  for (const text of skips) {
    const [, name] = text.split('  ')
    const [reason = '(a reason is missing)'] = /\(skipped: (?:[^()]|\([^()]*\))*\)/.exec(text) ?? []
    const key = JSON.stringify([name, reason])
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([key, count]) => {
    const [name, reason] = JSON.parse(key)
    return `skip  ${name.padEnd(24)}${count === 1 ? '1 test' : `${count} tests`}  ${reason}`
  })
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

/** What a JSON report of jest counted. Without one, jest did not run to its end. */
export function count(report) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 }
  return {
    passed: report.numPassedTests,
    // jest counts no tests of a file that it could not load.
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

export function total(results) {
  const sum = (key) => results.reduce((before, result) => before + result[key], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

/** @returns `3 passed, 0 failed`, and `, 1 skipped` if any was: what CI looks for */
export const line = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`

/** What {@link line} wrote as the last line of an output; undefined if it ends otherwise. */
export function parseLine(output) {
  const last = output.trimEnd().split('\n').at(-1)
  const [, ...counts] = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(last) ?? []
  const [passed, failed, skipped = 0] = counts.map((text) => Number(text ?? 0))
  return passed === undefined ? undefined : { passed, failed, skipped }
}

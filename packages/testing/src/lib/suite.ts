/** One case. It runs alone, leaves nothing, and rejects if it fails. */
export interface Case {
  /** A sentence that begins with the tested member. */
  readonly name: string
  /** Runs the case; rejects if it fails. */
  readonly run: () => Promise<void>
}

/** Cases that belong together, and suites that build on each other. */
export interface Suite {
  /** The name for the test runner. */
  readonly name: string
  /** Its own cases. */
  readonly cases: readonly Case[]
  /** The suites within it. */
  readonly suites: readonly Suite[]
}

/** The two functions of a test runner: those of jest, vitest, mocha or `node:test`. */
export interface Runner {
  /** Groups the tests that `body` registers. */
  describe(name: string, body: () => void): unknown
  /** Registers a test, which fails if the promise rejects. */
  it(name: string, run: () => Promise<void>): unknown
}

/** Registers all cases of a suite with a test runner. */
export function registerSuite(suite: Suite, runner: Runner): void {
  runner.describe(suite.name, () => {
    for (const { name, run } of suite.cases) runner.it(name, run)
    for (const inner of suite.suites) registerSuite(inner, runner)
  })
}

/** One thing to prove. It runs alone, leaves nothing, and throws if it fails. */
export interface Case {
  /** A sentence that begins with what is tested. */
  readonly name: string
  /** Proves it; rejects if it cannot. */
  readonly run: () => Promise<void>
}

/** Cases that belong together, and suites that build upon each other. */
export interface Suite {
  /** What the runner calls it. */
  readonly name: string
  /** Its own cases. */
  readonly cases: readonly Case[]
  /** The suites within it. */
  readonly suites: readonly Suite[]
}

/** The two functions of a test runner that it takes: those of jest, vitest, mocha or `node:test`. */
export interface Runner {
  /** Groups the tests that `body` registers. */
  describe(name: string, body: () => void): unknown
  /** Registers a test, which fails if the promise rejects. */
  it(name: string, run: () => Promise<void>): unknown
}

/** Hands a suite to a test runner. */
export function registerSuite(suite: Suite, runner: Runner): void {
  runner.describe(suite.name, () => {
    for (const { name, run } of suite.cases) runner.it(name, run)
    for (const inner of suite.suites) registerSuite(inner, runner)
  })
}

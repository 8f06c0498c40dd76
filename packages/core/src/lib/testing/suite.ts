/** One thing to prove. It runs alone, leaves nothing, and throws if it fails. */
export interface Case {
  /** A sentence that begins with what is tested. */
  readonly name: string
  readonly run: () => Promise<void>
}

/** Cases that belong together, and suites that build upon each other. */
export interface Suite {
  readonly name: string
  readonly cases: readonly Case[]
  readonly suites: readonly Suite[]
}

/** The two functions of a test runner that it takes: those of jest, vitest, mocha or `node:test`. */
export interface Runner {
  describe(name: string, body: () => void): unknown
  it(name: string, run: () => Promise<void>): unknown
}

/** Hands a suite to a test runner. */
export function registerSuite(suite: Suite, runner: Runner): void {
  runner.describe(suite.name, () => {
    for (const { name, run } of suite.cases) runner.it(name, run)
    for (const inner of suite.suites) registerSuite(inner, runner)
  })
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A reporter of jest. It writes what `npm test` adds up into `test-results.json` of the package, or, for `test:model`, into
 * `test-results-model.json`. Jest can do that too, but announces its file after every run.
 */
export default class Report {
  #folder

  constructor({ rootDir }) {
    this.#folder = rootDir
  }

  onRunComplete(_contexts, { numPassedTests, testResults }) {
    // npm and pnpm name the script that they run.
    const [, ...names] = (process.env['npm_lifecycle_event'] ?? 'test').split(':')
    const files = testResults.map(({ failureMessage, testResults: assertionResults }) => ({
      status: failureMessage ? 'failed' : 'passed',
      message: failureMessage ?? '',
      assertionResults,
    }))
    const path = join(this.#folder, `${['test-results', ...names].join('-')}.json`)
    writeFileSync(path, JSON.stringify({ numPassedTests, testResults: files }))
  }
}

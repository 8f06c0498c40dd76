// A reporter for mocha: a line of JSON for each test, in the file that SOCK_SUITE_RESULTS names.
'use strict'
const { appendFileSync } = require('node:fs')

module.exports = function report(runner) {
  const note = (passed, name) =>
    appendFileSync(process.env.SOCK_SUITE_RESULTS, `${JSON.stringify({ passed, name })}\n`)
  runner.on('pass', (test) => note(true, test.fullTitle()))
  runner.on('fail', (test, error) => {
    note(false, test.fullTitle())
    console.log(`${test.fullTitle()}\n${error.stack ?? error}\n`)
  })
}

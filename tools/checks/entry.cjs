/*
 * The way in of `npm start` and `npm test`, on a machine that has nothing but Node and npm.
 *
 * Old syntax on purpose: an old Node must get the sentence below and not a syntax error. Everything that may
 * be modern is imported after the check.
 */
'use strict'

var oldest = require('../../package.json').engines.node.replace('>=', '')
var wanted = oldest.split('.').map(Number)
var running = process.versions.node.split('.').map(Number)

if (running[0] < wanted[0] || (running[0] === wanted[0] && running[1] < wanted[1])) {
  console.error(
    'This needs Node ' +
      oldest +
      ' or newer, and this is Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a newer one from https://nodejs.org or with your version manager, for example `nvm install 22`, and try again.',
  )
  process.exitCode = 1
} else {
  void import('./main.mjs')
}

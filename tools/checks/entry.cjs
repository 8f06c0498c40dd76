/*
 * The start of every command. It needs only Node and npm. It uses old syntax, so that an old Node prints the sentence below
 * instead of a syntax error, and imports everything else after the check.
 */
'use strict'

var oldest = require('../../package.json').engines.node.replace('>=', '')
var wanted = oldest.split('.').map(Number)
var running = process.versions.node.split('.').map(Number)

if (running[0] > wanted[0] || (running[0] === wanted[0] && running[1] >= wanted[1])) {
  void import('./main.mjs')
} else {
  var here = process.versions.node + ' (' + process.execPath + ')'
  console.error('This needs Node ' + oldest + ' or newer, and this is Node ' + here + '.')
  console.error(
    'Install one from https://nodejs.org or with your version manager: `nvm install 22`. Then try again.',
  )
  process.exitCode = 1
}

/*
 * The start of every command. It needs only Node and npm. It uses old syntax, so that an old Node prints the sentence below
 * instead of a syntax error, and imports everything else after the check.
 */
'use strict'

/* Such as "^20.19.0 || >=22.12.0". */
var ranges = require('../../package.json').engines.node.split(' || ')
var running = process.versions.node.split('.').map(Number)

function oldestOf(range) {
  return range.match(/\d+\.\d+/)[0]
}

function includesRunning(range) {
  var oldest = oldestOf(range).split('.').map(Number)
  if (running[0] === oldest[0]) return running[1] >= oldest[1]
  return range.indexOf('>=') === 0 && running[0] > oldest[0]
}

if (ranges.some(includesRunning)) {
  void import('./main.mjs')
} else {
  var here = process.versions.node + ' (' + process.execPath + ')'
  var wanted = ranges.map(oldestOf).join(', ')
  console.error('This needs Node ' + wanted + ' or newer, and this is Node ' + here + '.')
  console.error(
    'Install one from https://nodejs.org or with your version manager: `nvm install 22`. Then try again.',
  )
  process.exitCode = 1
}

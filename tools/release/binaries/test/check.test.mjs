import { expect, it } from '@jest/globals'
import { run } from '../../../checks/bootstrap/child.mjs'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'

const main = inRoot('tools/release/binaries/main.mjs')

it.each([
  [['build', 'linux-vax'], 'Cannot build "linux-vax": known are linux-x64-gnu, '],
  [['prepack', 'linux-vax'], 'Cannot build "linux-vax": known are linux-x64-gnu, '],
  [['check'], 'Cannot check nothing: known are --fuzz, '],
  [['check', '--asam'], "Unknown option '--asam'"],
  [['check', '--asan', '--transport', 'tpc'], 'Cannot check "tpc": known are tcp, '],
  [['bild'], 'Cannot run "bild": known are build, prepack, check, headers'],
])('main.mjs answers `%j` with one sentence', async (args, sentence) => {
  const { code, output } = await run(process.execPath, [main, ...args])
  expect(code).toBe(1)
  expect(output).toContain(sentence)
  expect(output.trimEnd().split('\n')).toHaveLength(1)
})

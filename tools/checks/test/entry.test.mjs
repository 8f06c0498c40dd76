import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import { run } from '../bootstrap/child.mjs'
import { inRoot } from '../bootstrap/workspace.mjs'

const entry = inRoot('tools/checks/entry.cjs')

describe('entry.cjs', () => {
  /** Runs the entry as if this were another Node, and returns what it did instead of going on. */
  function runOn(version) {
    const printed = []
    const process = { versions: { node: version }, execPath: 'node' }
    const console = { error: (text) => printed.push(text) }
    const require = () => ({ engines: { node: '>=20.19' } })
    vm.runInNewContext(
      readFileSync(entry, 'utf8').replace("import('./bootstrap/main.mjs')", "console.error('imported')"),
      { process, console, require },
    )
    return { exitCode: process.exitCode, printed: printed.join('\n') }
  }

  it.each(['12.22.12', '18.20.8', '20.18.3'])('entry.cjs tells Node %s what is needed', (version) => {
    const { exitCode, printed } = runOn(version)
    expect(exitCode).toBe(1)
    expect(printed).toContain(`This needs Node 20.19 or newer, and this is Node ${version}`)
  })

  it.each(['20.19.0', '22.1.0', '26.0.0'])('entry.cjs goes on with Node %s', (version) => {
    expect(runOn(version)).toEqual({ exitCode: undefined, printed: 'imported' })
  })

  it('entry.cjs says which commands there are when given another', async () => {
    const { code, output } = await run(process.execPath, [entry, 'strat'])
    expect(code).toBe(1)
    expect(output).toContain(
      'Cannot run "strat": known are start, soak, model, release, site, bench, test, extended, lint, matrix, native, turbo, package',
    )
  })

  it.each([
    [['--only', '18'], 'Cannot test Node "18": known are 20, 22, 24, 26\n'],
    [['--onyl', '20'], "Unknown option '--onyl'\n"],
    [['--soak', 'long'], 'Cannot soak for "long" minutes: a number above 0 is expected\n'],
  ])('entry.cjs answers `matrix %j` with one sentence', async (args, sentence) => {
    expect(await run(process.execPath, [entry, 'matrix', ...args])).toEqual({ code: 1, output: sentence })
  })
})

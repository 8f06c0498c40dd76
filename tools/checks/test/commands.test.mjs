import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import { run } from '../processes.mjs'
import { inRoot, readJson, workspaces } from '../repository.mjs'
import { count, failures, line, parseFailures, parseLine } from '../results.mjs'

const entry = inRoot('tools/checks/entry.cjs')

/** Runs the entry as if this were another Node, and returns what it prints. */
function enterOn(version) {
  let printed = ''
  const console = { error: (text) => (printed += text) }
  const require = () => ({ engines: { node: '>=20.19' } })
  const source = readFileSync(entry, 'utf8').replace("import('./main.mjs')", "console.error('imported')")
  vm.runInNewContext(source, { process: { versions: { node: version } }, console, require })
  return printed
}

describe('entry.cjs', () => {
  it('entry.cjs tells an old Node what it needs, and goes on with any other', () => {
    for (const version of ['12.22.12', '18.20.8', '20.18.3'])
      expect(enterOn(version)).toContain(`This needs Node 20.19 or newer, and this is Node ${version}`)
    for (const version of ['20.19.0', '22.1.0', '26.0.0']) expect(enterOn(version)).toBe('imported')
  })

  it.each([
    [['strat'], /^Cannot run "strat": known are run, .*, package\n$/],
    [['matrix', '--only', '18'], /^Cannot test Node "18": known are 20, 22, 24, 26\n$/],
    [['matrix', '--onyl', '20'], /^Unknown option '--onyl'\n$/],
  ])('entry.cjs answers %j with one sentence', async (args, sentence) => {
    const { code, output } = await run(process.execPath, [entry, ...args])
    expect(code).toBe(1)
    expect(output).toMatch(sentence)
  })
})

describe('results', () => {
  it('are a line that CI looks for, and that can be read again', () => {
    const result = { passed: 12, failed: 1, skipped: 4 }
    expect(line(result)).toBe('12 passed, 1 failed, 4 skipped')
    expect(line({ ...result, skipped: 0 })).toBe('12 passed, 1 failed')
    expect(parseLine(`9 passed, 9 failed\n\n${line(result)}\n`)).toEqual(result)
    expect(parseLine('3 passed, 0 failed\nSegmentation fault')).toBe(undefined)
  })

  it('are a failure where jest did not run to its end, or could not load a file', () => {
    expect(count(undefined).failed).toBe(1)
    expect(count({ numFailedTests: 2, numRuntimeErrorTestSuites: 1 }).failed).toBe(3)
  })
})

describe('failures', () => {
  it('are a line each, also of a file that jest could not load, and can be read again', () => {
    const failed = {
      status: 'failed',
      fullName: 'drains all',
      failureMessages: ['\u001B[31mError: 3\u001B[39m\n  at x'],
    }
    const testResults = [
      {
        status: 'failed',
        message: 'whole',
        assertionResults: [{ status: 'passed', fullName: 'ok' }, failed],
      },
      { status: 'failed', message: 'Cannot find module x\n\n at y', assertionResults: [] },
      { status: 'passed', message: '', assertionResults: [] },
    ]
    const lines = ['✗ tcp  drains all: Error: 3', '✗ tcp  Cannot find module x']
    expect(failures('tcp', { testResults })).toEqual(lines)
    expect(failures('tcp', undefined)).toEqual([])
    expect(parseFailures(`noise\n${lines.join('\n')}\n1 passed, 2 failed\n`)).toEqual(lines)
  })
})

describe('TESTING.md', () => {
  it('lists the command of every extended test', () => {
    const scripts = [readJson(inRoot('package.json')), ...workspaces().map(({ manifest }) => manifest)]
      .flatMap((manifest) => Object.keys(manifest.scripts ?? {}))
      .filter((name) => name.startsWith('test:'))
    const listed = readFileSync(inRoot('TESTING.md'), 'utf8').matchAll(/^\| `npm run (test:\w+)`/gm)
    expect([...listed].map(([, name]) => name).toSorted()).toEqual([...new Set(scripts)].toSorted())
  })
})

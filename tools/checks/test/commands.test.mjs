import { expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import { getFileInfo } from 'prettier'
import { buildFailure } from '../install.mjs'
import { inRoot, readJson, workspaces } from '../repository.mjs'
import { linesOfSkips, resultOf, sumOf } from '../results.mjs'

/** Runs the entry as if this were another Node, and returns what it prints. */
function enterOn(version) {
  let printed = ''
  const console = { error: (text) => (printed += text) }
  const require = () => readJson(inRoot('package.json'))
  const entry = readFileSync(inRoot('tools/checks/entry.cjs'), 'utf8')
  const source = entry.replace("import('./main.mjs')", "console.error('imported')")
  vm.runInNewContext(source, { process: { versions: { node: version } }, console, require })
  return printed
}

it('entry.cjs tells an old Node what it needs, and goes on with any other', () => {
  for (const version of ['12.22.12', '18.20.8', '20.18.3', '21.7.3', '22.11.0'])
    expect(enterOn(version)).toContain(`This needs Node 20.19, 22.12 or newer, and this is Node ${version}`)
  for (const version of ['20.19.0', '22.12.0', '23.0.0', '26.0.0']) expect(enterOn(version)).toBe('imported')
})

it('a failed or skipped test counts and is a line, and so is a file that jest could not load; a missing report is a failure', () => {
  const passed = { status: 'passed', fullName: 'ok' }
  const pending = { status: 'pending', fullName: 'needs root' }
  const failureMessages = ['\u001B[31mError: 3\u001B[39m\n  at x']
  const failed = { status: 'failed', fullName: 'drains all', failureMessages }
  const testResults = [
    { status: 'failed', message: 'whole', assertionResults: [passed, failed] },
    { status: 'failed', message: 'Cannot find module x\n\n at y', assertionResults: [] },
    { status: 'passed', message: '', assertionResults: [passed, pending] },
  ]
  const lines = ['✗ tcp  drains all: Error: 3', '✗ tcp  Cannot find module x']
  const skips = ['skip  tcp  needs root']
  const result = { name: 'tcp', passed: 2, failed: 2, skipped: 1, lines, skips }
  expect(resultOf('tcp', { numPassedTests: 2, testResults })).toEqual(result)
  // Without a report, jest did not run to its end.
  expect(resultOf('tcp', undefined).failed).toBe(1)
})

it('the last line never says that nothing has failed if a step has', () => {
  const results = [
    { passed: 2, failed: 0, skipped: 1 },
    { passed: 3, failed: 0, skipped: 0 },
  ]
  expect(sumOf(results, [])).toEqual({ passed: 5, failed: 0, skipped: 1 })
  expect(sumOf(results, ['format', 'public API'])).toEqual({ passed: 5, failed: 2, skipped: 1 })
  expect(sumOf([{ passed: 2, failed: 3, skipped: 0 }], ['tests']).failed).toBe(3)
})

it('the build of unix-dgram that failed is shown; one that went well is not', () => {
  const lines = [
    '.../node_modules/unix-dgram install$ node-gyp rebuild',
    '.../node_modules/unix-dgram install: gyp info using node-gyp@12.4.0',
    '.../node_modules/unix-dgram install: gyp ERR! stack Error: not found: make',
    '.../node_modules/esbuild install: Failed',
  ]
  const failed = [...lines, '.../node_modules/unix-dgram install: Failed', 'Done in 1s'].join('\n')
  expect(buildFailure(failed)).toMatch(
    /^Could not build unix-dgram, .*\n {2}gyp ERR! stack Error: not found: make$/,
  )
  expect(buildFailure([...lines, '.../node_modules/unix-dgram install: Done'].join('\n'))).toBeUndefined()
  expect(buildFailure('Already up to date')).toBeUndefined()
})

it('npm test -- --help says what can be typed, without installing anything', () => {
  for (const command of ['test', 'extended']) {
    const args = [inRoot('tools/checks/entry.cjs'), command, '--help']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^npm test -- --filter <package> /m)
  }
})

it.each(workspaces().filter(({ manifest }) => manifest.scripts?.format))(
  'npm run format in $folder leaves alone what a tool has written',
  async ({ folder, manifest }) => {
    const files = [...manifest.scripts.format.matchAll(/--ignore-path (\S+)/g)].map(([, path]) =>
      inRoot(folder, path),
    )
    for (const name of ['dist/index.js', 'test-results.json', 'CHANGELOG.md'])
      expect([name, await getFileInfo(inRoot(folder, name), { ignorePath: files })]).toMatchObject([
        name,
        { ignored: true },
      ])
    expect(await getFileInfo(inRoot(folder, 'src/index.ts'), { ignorePath: files })).toMatchObject({
      ignored: false,
    })
  },
)

it('many skipped tests are a line for each package and reason', () => {
  const skips = ['a', 'b', 'c'].map(
    (name) => `skip  packages/tcp  ${name} answers (skipped: curl is not installed)`,
  )
  const more = Array.from(
    { length: 40 },
    (_, index) => `skip  tools/x  ${index} (skipped: no compiler (gcc))`,
  )
  const silent = 'skip  tools/x  says nothing'
  expect(linesOfSkips(skips)).toEqual(skips)
  expect(linesOfSkips([...skips, ...more, silent]).map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    'skip packages/tcp 3 tests (skipped: curl is not installed)',
    'skip tools/x 40 tests (skipped: no compiler (gcc))',
    'skip tools/x 1 test (a reason is missing)',
  ])
})

it('TESTING.md lists the command of every extended test', () => {
  const scripts = [readJson(inRoot('package.json')), ...workspaces().map(({ manifest }) => manifest)]
    .flatMap((manifest) => Object.keys(manifest.scripts ?? {}))
    .filter((name) => name.startsWith('test:'))
  const listed = readFileSync(inRoot('TESTING.md'), 'utf8').matchAll(/^\| `npm run (test:\w+)`/gm)
  expect([...listed].map(([, name]) => name).toSorted()).toEqual([...new Set(scripts)].toSorted())
})

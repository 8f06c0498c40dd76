import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../processes.mjs'
import { inRoot } from '../repository.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sock-rules-'))
beforeAll(() => execFileSync('git', ['init', '--quiet'], { cwd: folder }))
afterAll(() => rmSync(folder, { recursive: true }))

function write(path, ...lines) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), lines.join('\n'))
}

it('rules.mjs finds what belongs to one machine, entry points that do more than re-export, and tests without a source', async () => {
  // Put together, so that this file keeps the rule it tests.
  const home = ['', 'home', 'ada', 'sock'].join('/')
  const registry = ['regis', 'try'].join('')
  write('good.md', `.${home} ~${home} https://example.org${home}`, `const ${registry} = new Map()`)
  write(
    'bad.md',
    home,
    `"${home}"`,
    `https://${registry}.example.org/ws.tgz`,
    `${registry}=https://example.org`,
  )
  const good = ['/** A. */', 'export {', 'a,', "type B } from './lib/a.js'", "export * from '@sock/core'"]
  write('packages/tcp/src/index.ts', ...good)
  write('packages/tcp/src/more.ts', ...good, "export * from 'node:net'")
  write('packages/tcp/src/lib/a.ts')
  for (const name of ['a', 'b', 'b-faults']) write(`packages/tcp/test/${name}.test.ts`)
  const { code, output } = await run(process.execPath, [inRoot('tools/checks/rules.mjs'), folder])
  expect(code).toBe(1)
  const places = output.match(/\w+\.md:\d|packages\/[\w/.-]+/g).join(' ')
  const entryPoint = 'packages/tcp/src/more.ts'
  expect(places).toBe(`bad.md:1 bad.md:2 bad.md:3 bad.md:4 ${entryPoint} packages/tcp/test/b.test.ts`)
})

/** Change files, and whether they keep the rule. @sock/new has no release, @sock/old has one, and @sock/whole has 1.0.0. */
const CHANGES = [
  { file: 'first-new', kinds: { new: 'minor' }, text: 'The first release', isRight: true },
  { file: 'first-new', kinds: { new: 'patch' }, text: 'The first release', isRight: false },
  { file: 'first-new', kinds: { new: 'minor', old: 'patch' }, text: 'The first release', isRight: true },
  { file: 'lines', kinds: { new: 'patch' }, text: 'Lines', isRight: false },
  { file: 'lines', kinds: { old: 'patch', new: 'patch' }, text: 'Lines', isRight: false },
  { file: 'lines', kinds: { old: 'patch' }, text: 'Lines', isRight: true },
  { file: 'lines', kinds: { old: 'minor' }, text: 'Lines', isRight: false },
  { file: 'lines', kinds: { old: 'minor' }, text: 'Breaking: no lines', isRight: true },
  { file: 'lines', kinds: { old: 'major' }, text: 'Breaking: no lines', isRight: false },
  { file: 'lines', kinds: { whole: 'major' }, text: 'No lines', isRight: true },
  { file: 'lines', kinds: { unknown: 'patch' }, text: 'Lines', isRight: false },
]

const CLAIM = 'rules.mjs knows whether the change file $file may say $kinds: $text ($isRight)'

it.each(CHANGES)(CLAIM, async ({ file, kinds, text, isRight }) => {
  const clone = mkdtempSync(join(folder, 'changes-'))
  const add = (path, content) => {
    mkdirSync(dirname(join(clone, path)), { recursive: true })
    writeFileSync(join(clone, path), content)
  }
  execFileSync('git', ['init', '--quiet'], { cwd: clone })
  for (const [name, version] of Object.entries({ new: '0.0.0', old: '0.3.1', whole: '1.0.0' }))
    add(`packages/${name}/package.json`, JSON.stringify({ version }))
  const head = Object.entries(kinds).map(([name, kind]) => `'@sock/${name}': ${kind}\n`)
  add(`.changeset/${file}.md`, `---\n${head.join('')}---\n\n${text}\n`)
  add('.changeset/README.md', 'No change file')
  const { code, output } = await run(process.execPath, [inRoot('tools/checks/rules.mjs'), clone])
  expect([code, output.includes(`.changeset/${file}.md`)]).toEqual(isRight ? [0, false] : [1, true])
})

/** What a file may import and, after an exclamation mark, what it may not. */
const IMPORTS = Object.entries({
  'unix/src/lib/b/c.ts':
    '@sock/core @sock/core/stream node:net ../a.js !@sock/unixgram !@sock/native !@sock/testing !ws',
  'unix/src/lib/b/d.ts': '../a.js !../../../test/a.js !../../../tcp/src/a.js',
  'unix/test/a.test.ts': '@sock/native @sock/testing ws !@sock/tcp !../../tcp/src/index.js',
  'unixgram/src/lib/a.ts': 'unix-dgram @sock/core/datagram !ws',
  'core/src/lib/stream/a.ts': '../errors/a.js !../datagram/b.js !@sock/tcp',
  'core/src/lib/datagram/a.ts': '../address/b.js !../stream/b.js !node:dgram',
  'core/src/lib/address/a.ts': 'node:net !../stream/b.js !../datagram/b.js',
}).map(([path, modules]) => ({ path: `packages/${path}`, modules: modules.split(' ') }))

it('.oxlintrc.json says which way packages depend on each other', async () => {
  // Without types, for which there are no sources.
  write('.oxlintrc.json', readFileSync(inRoot('.oxlintrc.json'), 'utf8').replace('"options"', '"settings"'))
  for (const { path, modules } of IMPORTS)
    write(path, ...modules.map((name, index) => `export * as a${index} from '${name.replace('!', '')}'`))
  const oxlint = inRoot('node_modules/.bin/oxlint')
  const { output } = await run(oxlint, ['--format=json', 'packages'], { cwd: folder })
  const { diagnostics } = JSON.parse(output)
  const found = diagnostics.filter(({ code }) => code === 'eslint(no-restricted-imports)')
  for (const { path, modules } of IMPORTS) {
    const here = found.filter(({ filename }) => filename === path)
    const refused = here.map(({ labels: [{ span }] }) => modules[span.line - 1])
    expect([path, refused]).toEqual([path, modules.filter((name) => name.startsWith('!'))])
  }
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../processes.mjs'
import { inRoot } from '../repository.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sock-rules-'))
beforeAll(() => execFileSync('git', ['init', '--quiet'], { cwd: folder }))
afterAll(() => rmSync(folder, { recursive: true }))

function write(path, lines) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), lines.join('\n'))
}

describe('rules.mjs', () => {
  it('rules.mjs finds what belongs to one machine, entry points that do more than re-export, and tests without a source', async () => {
    // Put together, so that this file keeps the rule it tests.
    const home = ['', 'home', 'ada', 'sock'].join('/')
    const registry = ['regis', 'try'].join('')
    write('good.md', [`.${home} ~${home} https://example.org${home}`, `const ${registry} = new Map()`])
    write('bad.md', [
      home,
      `"${home}"`,
      `https://${registry}.example.org/ws.tgz`,
      `${registry}=https://example.org`,
    ])
    const good = ['/** A. */', 'export {', 'a,', "type B } from './lib/a.js'", "export * from '@sock/core'"]
    write('packages/tcp/src/index.ts', good)
    write('packages/tcp/src/more.ts', [...good, "export * from 'node:net'"])
    write('packages/tcp/src/lib/a.ts', [])
    for (const name of ['a', 'b', 'b-faults']) write(`packages/tcp/test/${name}.test.ts`, [])
    const { code, output } = await run(process.execPath, [inRoot('tools/checks/rules.mjs'), folder])
    expect(code).toBe(1)
    const places = [...output.matchAll(/: (?:bad.md:\d|packages\S+|\w+.md)/g)].map(([place]) =>
      place.slice(2),
    )
    expect(places).toEqual([
      'bad.md:1',
      'bad.md:2',
      'bad.md:3',
      'bad.md:4',
      'packages/tcp/src/more.ts:',
      'packages/tcp/test/b.test.ts',
    ])
  })
})

describe('.oxlintrc.json', () => {
  /** Of each file, what it may import, and then what it may not. */
  const files = Object.entries({
    'unix/src/lib/b/c.ts': [
      ['@sock/core', '@sock/core/stream', 'node:net', '../a.js'],
      [
        '@sock/unixgram',
        '@sock/native',
        '@sock/testing',
        'ws',
        '../../../test/a.js',
        '../../../tcp/src/a.js',
      ],
    ],
    'unix/test/a.test.ts': [
      ['@sock/native', '@sock/testing', 'ws'],
      ['@sock/tcp', '../../tcp/src/index.js'],
    ],
    'unixgram/src/lib/a.ts': [['unix-dgram', '@sock/core/datagram'], ['ws']],
    'core/src/lib/stream/a.ts': [['../errors/a.js'], ['../datagram/b.js', '@sock/tcp']],
    'core/src/lib/datagram/a.ts': [['../address/b.js'], ['../stream/b.js', 'node:dgram']],
    'core/src/lib/address/a.ts': [['node:net'], ['../stream/b.js', '../datagram/b.js']],
  })

  it('says which way packages depend on each other', async () => {
    // Without types, for which there are no sources.
    write('.oxlintrc.json', [
      readFileSync(inRoot('.oxlintrc.json'), 'utf8').replace('"options"', '"settings"'),
    ])
    for (const [path, modules] of files)
      write(
        `packages/${path}`,
        modules.flat().map((module, index) => `export * as a${index} from '${module}'`),
      )
    const { output } = await run(inRoot('node_modules/.bin/oxlint'), ['--format=json', 'packages'], {
      cwd: folder,
    })
    const found = JSON.parse(output).diagnostics.filter(
      ({ code }) => code === 'eslint(no-restricted-imports)',
    )
    for (const [path, [allowed, forbidden]] of files) {
      const here = found.filter(({ filename }) => filename === `packages/${path}`)
      const lines = here.map(({ labels: [{ span }] }) => span.line)
      expect([path, lines]).toEqual([path, forbidden.map((_, index) => allowed.length + index + 1)])
    }
  })
})

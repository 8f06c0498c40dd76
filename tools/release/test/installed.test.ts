import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installedByLock, installedInFolders, reach } from '../src/installed.js'

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sock-installed-'))
})
afterEach(() => rmSync(project, { recursive: true }))

function install(folder: string, name: string, version: string, ...needs: string[]) {
  const path = join(project, 'node_modules', folder)
  mkdirSync(path, { recursive: true })
  const dependencies = Object.fromEntries(needs.map((need) => [need, '*']))
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version, dependencies }))
}

describe('installedInFolders()', () => {
  it('finds packages with and without a scope, and those inside others', () => {
    install('@sock/tcp', '@sock/tcp', '1.0.0', '@sock/core')
    install('@sock/tcp/node_modules/@sock/core', '@sock/core', '2.0.0')
    install('nan', 'nan', '3.0.0')
    expect([...installedInFolders(project)].map(([name, { version }]) => `${name}@${version}`)).toEqual([
      '@sock/tcp@1.0.0',
      '@sock/core@2.0.0',
      'nan@3.0.0',
    ])
  })

  it('finds what pnpm has stored, once', () => {
    install('.pnpm/nan@3.0.0/node_modules/nan', 'nan', '3.0.0')
    symlinkSync('.pnpm/nan@3.0.0/node_modules/nan', join(project, 'node_modules/nan'))
    expect([...installedInFolders(project).keys()]).toEqual(['nan'])
  })

  it('throws for a package that is there twice', () => {
    install('nan', 'nan', '3.0.0')
    install('bindings/node_modules/nan', 'nan', '2.0.0')
    install('bindings', 'bindings', '1.0.0')
    expect(() => installedInFolders(project)).toThrow('nan is installed twice')
  })
})

describe('installedByLock()', () => {
  it('reads the packages of the lock file of Yarn 4, and not the project itself', () => {
    const lock = `
__metadata:
  version: 10

"@sock/tcp@npm:^1.0.0":
  version: 1.0.0
  resolution: "@sock/tcp@npm:1.0.0"
  dependencies:
    "@sock/core": "npm:^1.0.0"

"project@workspace:.":
  version: 0.0.0-use.local
  resolution: "project@workspace:."
`
    writeFileSync(join(project, 'yarn.lock'), lock)
    expect([...installedByLock(project)]).toEqual([
      ['@sock/tcp', { version: '1.0.0', needs: ['@sock/core'] }],
    ])
  })
})

describe('reach()', () => {
  it('follows dependencies, in circles too', () => {
    install('a', 'a', '1.0.0', 'b')
    install('b', 'b', '1.0.0', 'a')
    install('c', 'c', '1.0.0', 'a')
    expect([...reach(installedInFolders(project), 'a')]).toEqual(['a', 'b'])
  })
})

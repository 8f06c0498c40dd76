import { afterEach, expect, it } from '@jest/globals'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alignBinaries } from '../src/binaries.js'
import { readManifest, ROOT } from '../src/repository.js'

const NATIVE = 'packages/native'
const root = mkdtempSync(join(tmpdir(), 'sock-release-'))
afterEach(() => rmSync(root, { recursive: true }))

it('alignBinaries() gives all packages of binaries the version of @sock/native, and changes nothing else', () => {
  for (const path of [`${NATIVE}/package.json`, `${NATIVE}/npm`])
    cpSync(join(ROOT, path), join(root, path), { recursive: true })
  const manifest = join(root, NATIVE, 'package.json')
  writeFileSync(manifest, JSON.stringify({ ...readManifest(join(root, NATIVE)), version: '3.2.1' }))
  alignBinaries(root)
  const names = readdirSync(join(ROOT, NATIVE, 'npm'))
  expect(names).not.toEqual([])
  for (const name of names) {
    const path = join(NATIVE, 'npm', name, 'package.json')
    const before = readFileSync(join(ROOT, path), 'utf8')
    const { version } = readManifest(join(ROOT, NATIVE))
    expect(readFileSync(join(root, path), 'utf8')).toBe(
      before.replace(`"version": "${version}"`, '"version": "3.2.1"'),
    )
  }
})

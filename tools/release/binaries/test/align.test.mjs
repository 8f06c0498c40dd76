import { afterEach, expect, it } from '@jest/globals'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot, readJson } from '../../../checks/bootstrap/workspace.mjs'
import { alignBinaries } from '../align.mjs'

const NATIVE = 'packages/native'
const root = mkdtempSync(join(tmpdir(), 'sock-binaries-'))
afterEach(() => rmSync(root, { recursive: true }))

it('alignBinaries() gives all packages of binaries the version of @sock/native, and changes nothing else', () => {
  const names = readdirSync(inRoot(NATIVE, 'npm'))
  const folders = [NATIVE, ...names.map((name) => `${NATIVE}/npm/${name}`)]
  const paths = folders.map((folder) => `${folder}/package.json`)
  for (const path of paths) cpSync(inRoot(path), join(root, path))
  const [manifest, ...binaries] = paths
  const { version, ...rest } = readJson(inRoot(manifest))
  writeFileSync(join(root, manifest), JSON.stringify({ ...rest, version: '3.2.1' }))
  alignBinaries(root)
  expect(names).not.toEqual([])
  for (const path of binaries) {
    const before = readFileSync(inRoot(path), 'utf8')
    expect(readFileSync(join(root, path), 'utf8')).toBe(
      before.replace(`"version": "${version}"`, '"version": "3.2.1"'),
    )
  }
})

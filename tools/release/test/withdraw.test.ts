import { afterAll, describe, expect, it } from '@jest/globals'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { binaryFolders, readManifest, ROOT } from '../src/repository.js'
import { withdrawBinaries } from '../src/withdraw.js'

const NATIVE = 'packages/native'
const root = mkdtempSync(join(tmpdir(), 'sock-release-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('withdrawBinaries()', () => {
  it('leaves nothing of a platform, in folders, dependencies and lock file, and all of the others', () => {
    for (const path of [`${NATIVE}/package.json`, `${NATIVE}/npm`, 'pnpm-lock.yaml'])
      cpSync(join(ROOT, path), join(root, path), { recursive: true })
    const rest = [...binaryFolders(root).keys()].filter((name) => !name.includes('-arm64-'))
    expect(rest).not.toEqual([])

    withdrawBinaries(root, ['linux-arm64-gnu', 'linux-arm64-musl'])
    expect([...binaryFolders(root).keys()]).toEqual(rest)
    const { optionalDependencies = {}, ...others } = readManifest(join(root, NATIVE))
    expect(Object.keys(optionalDependencies)).toEqual(rest)
    expect(readManifest(join(ROOT, NATIVE))).toMatchObject(others)

    const lock = (folder: string): string => readFileSync(join(folder, 'pnpm-lock.yaml'), 'utf8')
    expect(lock(root)).not.toMatch(/(native-|npm\/)linux-arm64/)
    const { packages } = parse(lock(ROOT)) as { packages: object }
    expect((parse(lock(root)) as { packages: object }).packages).toEqual(packages)
  })
})

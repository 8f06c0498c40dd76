import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packPackages } from '../pack.mjs'
import { copyAsReleased } from '../release-copy.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'sock-pack-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const filesOf = (tarball) => execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n')

describe('packPackages()', () => {
  it('packPackages() gives a tarball of each package', async () => {
    const tarballs = await packPackages(join(scratch, 'as-it-is'))

    expect(Object.keys(tarballs)).toEqual([
      '@sock/core',
      '@sock/tcp',
      '@sock/udp',
      '@sock/unix',
      '@sock/unixgram',
    ])
    for (const tarball of Object.values(tarballs)) expect(filesOf(tarball)).toContain('package/dist/index.js')
  })

  it('packPackages() says what is not built', async () => {
    await expect(packPackages(join(scratch, 'nothing'), scratch)).rejects.toThrow(
      'Cannot pack packages/core: it is not built',
    )
  })
})

describe('copyAsReleased()', () => {
  const copy = join(scratch, 'copy')
  let tarballs
  beforeAll(async () => {
    await copyAsReleased(copy)
    tarballs = await packPackages(join(scratch, 'released'), copy)
  })

  it('copyAsReleased() gives each package a changelog that is in the tarball', () => {
    for (const tarball of Object.values(tarballs)) expect(filesOf(tarball)).toContain('package/CHANGELOG.md')
  })
})

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binaryFolders, libraryFolders, platformOf, publishedFolders } from '../src/repository.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sock-release-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function write(folder: string, manifest: object): string {
  const path = join(root, 'packages', folder)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify(manifest))
  return path
}

describe('publishedFolders()', () => {
  it('has libraries and binaries, and nothing that is private', () => {
    const tcp = write('tcp', { name: '@sock/tcp' })
    const native = write('native', { name: '@sock/native' })
    const here = write('native/npm/linux-x64-gnu', { name: '@sock/native-linux-x64-gnu' })
    write('native/npm/linux-x64-musl', { name: '@sock/native-linux-x64-musl', private: true })
    write('draft', { name: '@sock/draft', private: true })
    const libraries = new Map([
      ['@sock/native', native],
      ['@sock/tcp', tcp],
    ])
    const binaries = new Map([['@sock/native-linux-x64-gnu', here]])
    expect(libraryFolders(root)).toEqual(libraries)
    expect(binaryFolders(root)).toEqual(binaries)
    expect(publishedFolders(root)).toEqual(new Map([...libraries, ...binaries]))
    expect(platformOf(here)).toBe('linux-x64-gnu')
  })
})

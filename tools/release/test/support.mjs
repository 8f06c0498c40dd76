import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll } from '@jest/globals'

/** What the next release would publish, packed once for all tests: paths by name. */
export const tarballs = JSON.parse(process.env['SOCK_TARBALLS'] ?? '{}')

/** A temporary folder for a file of tests, which is gone when they have ended. */
export function scratchFolder() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sock-release-')))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** All files under a folder, relative to it. */
export const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted()

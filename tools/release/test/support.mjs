import { readdirSync, realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll } from '@jest/globals'
import { createFolder } from '@sock/tools/folder'

/** What the next release would publish, packed once for all tests: paths by name. */
export const tarballs = JSON.parse(process.env['SOCK_TARBALLS'] ?? '{}')

/** A temporary folder for a file of tests, which is gone when they have ended. */
export function scratchFolder() {
  const folder = createFolder('release')
  afterAll(() => folder.remove())
  return realpathSync(folder.path)
}

/** All files under a folder, relative to it. */
export const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted()

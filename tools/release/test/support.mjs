import { mkdtempSync, readdirSync, realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll } from '@jest/globals'
import { createFolder } from '@sock/tools/folder'

const { folder: packed, tarballs } = JSON.parse(process.env['SOCK_PACKED'] ?? '{}')

/** What the next release would publish, packed once for all tests: paths by name. */
export { tarballs }

/** The folder of such a package, unpacked. */
export const folderOf = (name) => join(packed, 'node_modules', name)

/** An empty folder whose programs find these packages. It is gone when all tests have ended. */
export const createProject = () => realpathSync(mkdtempSync(join(packed, 'project-')))

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

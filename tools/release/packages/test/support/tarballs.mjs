import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** What the next release would publish, packed once for all tests: paths by name. */
export const tarballs = JSON.parse(process.env['SOCK_TARBALLS'] ?? '{}')

/** A temporary folder for a file of tests; it is gone when all have ended. */
export const scratchFolder = () =>
  realpathSync(mkdtempSync(join(process.env['SOCK_SCRATCH'] ?? tmpdir(), 'test-')))

/** Puts the packages where npm would, without their dependencies: `folder/node_modules/@sock/tcp`, and so on. */
export function installInto(folder, names = Object.keys(tarballs)) {
  for (const name of names) unpack(tarballs[name], join(folder, 'node_modules', name))
}

/** Unpacks a tarball, without the folder that npm puts around everything. */
export function unpack(tarball, folder) {
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder])
}

/** All files under a folder, relative to it, with `/`. */
export function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted()
}

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJson } from '../../checks/bootstrap/workspace.mjs'

/**
 * Gives the packages of binaries in the tree `root` the version of @sock/native, whose JavaScript fits no other. A `fixed`
 * group of changesets would do the same, but changesets refuses settings that name a package which a sparse clone does not
 * have.
 */
export function alignBinaries(root) {
  const native = join(root, 'packages/native')
  const folder = join(native, 'npm')
  if (!existsSync(folder)) return
  const { version } = readJson(join(native, 'package.json'))
  for (const name of readdirSync(folder)) {
    const path = join(folder, name, 'package.json')
    const text = readFileSync(path, 'utf8')
    // In place: the rest of the file stays as it is formatted.
    writeFileSync(path, text.replace(/("version": ")[^"]*/, `$1${version}`))
  }
}

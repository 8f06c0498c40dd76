import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { binaryFolders, platformOf, readManifest } from './repository.js'

interface LockFile {
  readonly importers: Record<string, { optionalDependencies?: Record<string, unknown> }>
}

const NATIVE = 'packages/native'

/**
 * Takes platforms out of the tree `root`, as if `@sock/native` had no binary for them. It is no good to make their packages
 * private: changesets refuses a package that depends on one that it does not publish.
 */
export function withdrawBinaries(root: string, platforms: readonly string[]): void {
  const withdrawn = [...binaryFolders(root)].filter(([, folder]) => platforms.includes(platformOf(folder)))
  const manifest = readManifest(join(root, NATIVE))
  const optionalDependencies = { ...manifest.optionalDependencies }
  const lockFile = join(root, 'pnpm-lock.yaml')
  const lock = parse(readFileSync(lockFile, 'utf8')) as LockFile
  for (const [name, folder] of withdrawn) {
    rmSync(folder, { recursive: true })
    delete optionalDependencies[name]
    delete lock.importers[NATIVE]?.optionalDependencies?.[name]
    delete lock.importers[`${NATIVE}/npm/${platformOf(folder)}`]
  }
  const remaining = JSON.stringify({ ...manifest, optionalDependencies }, undefined, 2)
  writeFileSync(join(root, NATIVE, 'package.json'), `${remaining}\n`)
  writeFileSync(lockFile, stringify(lock))
}

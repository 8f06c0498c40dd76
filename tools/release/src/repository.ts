import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository that this program belongs to. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** What of a package.json matters here. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** Folders of the packages that are published, by name: libraries and binaries. */
export const publishedFolders = (root: string): Map<string, string> =>
  new Map([...libraryFolders(root), ...binaryFolders(root)])

/** Those that are JavaScript. */
export const libraryFolders = (root: string): Map<string, string> => publicFolders(join(root, 'packages'))

/** Those that have a binary of `@sock/native` each. */
export const binaryFolders = (root: string): Map<string, string> =>
  publicFolders(join(root, 'packages/native/npm'))

/** Which platform a package of a binary is for: `linux-x64-gnu`. */
export const platformOf = (folder: string): string => basename(folder)

function publicFolders(parent: string): Map<string, string> {
  return new Map(
    readdirSync(parent)
      .map((name) => join(parent, name))
      .map((folder) => ({ folder, manifest: readManifest(folder) }))
      .filter(({ manifest }) => manifest.private !== true)
      .map(({ folder, manifest }) => [manifest.name, folder]),
  )
}

/** The change files that wait for a release. */
export function changeFiles(root: string): string[] {
  const folder = join(root, '.changeset')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => join(folder, name))
}

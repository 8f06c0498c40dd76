import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { root } from '../markdown.js'

export interface Package {
  readonly name: string
  /** From the root of the repository. */
  readonly folder: string
  readonly private?: boolean
  readonly exports?: object
}

/** What is published, core first: what other entry points export once more is described there. */
export const PACKAGES: readonly Package[] = readdirSync(`${root}packages`)
  .toSorted((one, other) => Number(other === 'core') - Number(one === 'core') || one.localeCompare(other))
  .map((name) => `packages/${name}`)
  .filter((folder) => existsSync(`${root}${folder}/package.json`))
  .map((folder) => ({
    ...(JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as Omit<Package, 'folder'>),
    folder,
  }))
  .filter((one) => one.private !== true)

/**
 * The entry points: each is a key of `exports`, and a file of that name in `src`. Those for authors of transports come last.
 * A package of binaries has no sources.
 */
export function entryPoints(): string[] {
  const all = PACKAGES.flatMap(({ folder, exports }) =>
    Object.keys(exports ?? {}).map(
      (key) => `${root}${folder}/src/${key === '.' ? 'index' : key.slice(2)}.ts`,
    ),
  )
  const rank = (path: string): number => (path.includes('/testing/') ? 2 : path.endsWith('/index.ts') ? 0 : 1)
  return all.filter(existsSync).toSorted((one, other) => rank(one) - rank(other))
}

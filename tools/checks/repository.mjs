import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Makes a path absolute that is relative to the root of the repository. */
export const inRoot = (...path) => join(root, ...path)

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/**
 * Every package of the workspace that this clone has, as `{ folder: 'packages/tcp', manifest }`. Understands the patterns
 * `folder` and `folder/*` of pnpm-workspace.yaml only: no YAML parser is installed yet.
 */
export function workspaces() {
  const patterns = readFileSync(inRoot('pnpm-workspace.yaml'), 'utf8').matchAll(/^ {2}- ([\w/-]+?)(\/\*)?$/gm)
  return [...patterns]
    .filter(([, folder]) => existsSync(inRoot(folder)))
    .flatMap(([, folder, each]) =>
      each ? readdirSync(inRoot(folder)).map((name) => `${folder}/${name}`) : [folder],
    )
    .filter((folder) => existsSync(inRoot(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readJson(inRoot(folder, 'package.json')) }))
}

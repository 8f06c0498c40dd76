import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** A path that is given relative to the root of the repository, as an absolute one. */
export const inRoot = (...path) => join(root, ...path)

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/**
 * Every package of the workspace, as `{ folder: 'packages/tcp', manifest }`, sorted by folder. Reads the `folder` and
 * `folder/*` patterns of pnpm-workspace.yaml by itself, since no YAML parser is installed yet.
 */
export function workspaces() {
  const patterns = readFileSync(inRoot('pnpm-workspace.yaml'), 'utf8').matchAll(/^ {2}- ([\w-]+)(\/\*)?$/gm)
  return [...patterns]
    .filter(([, folder]) => existsSync(inRoot(folder)))
    .flatMap(([, folder, each]) =>
      each === undefined ? [folder] : readdirSync(inRoot(folder)).map((name) => `${folder}/${name}`),
    )
    .filter((folder) => existsSync(inRoot(folder, 'package.json')))
    .toSorted()
    .map((folder) => ({ folder, manifest: readJson(inRoot(folder, 'package.json')) }))
}

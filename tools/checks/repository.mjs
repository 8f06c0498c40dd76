import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Makes a path absolute that is relative to the root of the repository. */
export const inRoot = (...path) => join(root, ...path)

/** The files of a repository that git tracks or would track, from its folder. */
export function listFiles(folder, pattern = '.') {
  const which = ['--cached', '--others', '--exclude-standard', '--deduplicate']
  const args = ['ls-files', '-z', ...which, '--', pattern]
  const paths = execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).split('\0')
  // git lists a deleted file until the deletion is committed.
  return paths.filter((path) => path !== '' && existsSync(join(folder, path)))
}

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/**
 * Every package of the workspace that a clone has, as `{ folder: 'packages/tcp', manifest }`. Understands the patterns
 * `folder` and `folder/*` of pnpm-workspace.yaml only: no YAML parser is installed yet.
 */
export function workspaces(clone = root) {
  const list = readFileSync(join(clone, 'pnpm-workspace.yaml'), 'utf8')
  return [...list.matchAll(/^ {2}- ([\w/-]+?)(\/\*)?$/gm)]
    .filter(([, folder]) => existsSync(join(clone, folder)))
    .flatMap(([, folder, each]) =>
      each ? readdirSync(join(clone, folder)).map((name) => `${folder}/${name}`) : [folder],
    )
    .filter((folder) => existsSync(join(clone, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readJson(join(clone, folder, 'package.json')) }))
}

/** The published packages of a clone: those in `packages` that are not private. */
export const published = (clone = root) =>
  workspaces(clone)
    .filter(({ folder, manifest }) => folder.startsWith('packages/') && !manifest.private)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }))

/** The entry points of the published packages, as `{ name: '@sock/core/stream', folder: 'packages/core', targets }`. */
export const entryPoints = () =>
  published().flatMap(({ name, folder, manifest: { exports = {} } }) =>
    Object.entries(exports)
      .filter(([, targets]) => targets.types !== undefined)
      .map(([door, targets]) => ({ name: join(name, door), folder, targets })),
  )

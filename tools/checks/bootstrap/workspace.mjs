import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from './failure.mjs'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A path that is given relative to the root of the repository, as an absolute one. */
export const inRoot = (...path) => join(root, ...path)

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/**
 * Every package of the workspace, as `{ folder: 'packages/tcp', manifest }`, sorted by folder. Reads the `folder` and
 * `folder/*` patterns of pnpm-workspace.yaml by itself, since no YAML parser is installed yet.
 */
export function workspaces() {
  const patterns = readFileSync(inRoot('pnpm-workspace.yaml'), 'utf8').matchAll(/^ {2}- ([\w/-]+?)(\/\*)?$/gm)
  return [...patterns]
    .filter(([, folder]) => existsSync(inRoot(folder)))
    .flatMap(([, folder, each]) =>
      each === undefined ? [folder] : readdirSync(inRoot(folder)).map((name) => `${folder}/${name}`),
    )
    .filter((folder) => existsSync(inRoot(folder, 'package.json')))
    .toSorted()
    .map((folder) => ({ folder, manifest: readJson(inRoot(folder, 'package.json')) }))
}

/** The name of the package for users in whose folder this runs; `undefined` anywhere else. */
export function packageHere() {
  const here = relative(root, process.cwd()).replaceAll('\\', '/')
  return workspaces().find(({ folder }) => folder === here && folder.startsWith('packages/'))?.manifest.name
}

/** The packages with these names, and what they need of the workspace, and what that needs. */
export function withNeeds(names) {
  const all = workspaces()
  const found = new Map()
  const add = (name, who) => {
    if (found.has(name)) return
    const one = all.find(({ manifest }) => manifest.name === name)
    if (one === undefined) throw missing(`packages/${name.split('/').at(-1)}`, who)
    found.set(name, one)
    for (const needed of workspaceNeeds(one)) add(needed, one.folder)
  }
  for (const name of names) add(name, 'it')
  return [...found.values()]
}

/** What it needs of the workspace itself. */
function workspaceNeeds({ manifest }) {
  const needs = { ...manifest.dependencies, ...manifest.devDependencies }
  return Object.keys(needs).filter((name) => needs[name].startsWith('workspace:'))
}

/** @throws Failure if a clone that has only some folders does not have this one */
export function mustBeHere(folder, who) {
  if (!existsSync(inRoot(folder, 'package.json'))) throw missing(folder, who)
}

function missing(folder, who) {
  return new Failure(
    `Cannot find ${folder}, which ${who} needs: in a sparse clone \`git sparse-checkout add ${folder}\` brings it.`,
  )
}

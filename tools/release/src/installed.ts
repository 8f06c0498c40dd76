import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readManifest } from './repository.js'

/** What is installed in a project, by name. A name that is there twice is a mistake that {@link add} finds. */
export type Installed = Map<string, { readonly version: string; readonly needs: readonly string[] }>

/** As it lies in `node_modules`. */
export function installedInFolders(project: string): Installed {
  const installed: Installed = new Map()
  for (const folder of packageFolders(join(project, 'node_modules'))) {
    const { name, version, dependencies = {} } = readManifest(folder)
    add(installed, name, version, Object.keys(dependencies))
  }
  return installed
}

/** As the lock file of Yarn 4 says: there is no folder to look at. */
export function installedByLock(project: string): Installed {
  const lock = parse(readFileSync(join(project, 'yarn.lock'), 'utf8')) as Record<
    string,
    { version: string; resolution?: string; dependencies?: Record<string, string> }
  >
  const installed: Installed = new Map()
  for (const { version, resolution = '', dependencies = {} } of Object.values(lock)) {
    const [, name] = /^(.+)@npm:/.exec(resolution) ?? []
    if (name !== undefined) add(installed, name, version, Object.keys(dependencies))
  }
  return installed
}

/** Everything that `name` brings, itself included. */
export function reach(installed: Installed, name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found
  found.add(name)
  for (const next of installed.get(name)?.needs ?? []) reach(installed, next, found)
  return found
}

function add(installed: Installed, name: string, version: string, needs: readonly string[]): void {
  const other = installed.get(name)
  if (other !== undefined) throw new Error(`${name} is installed twice, as ${other.version} and ${version}`)
  installed.set(name, { version, needs })
}

/** pnpm has the folders in `.pnpm`, and links everywhere else. */
function* packageFolders(nodeModules: string): Generator<string> {
  if (!existsSync(nodeModules)) return
  for (const entry of readdirSync(nodeModules, { withFileTypes: true })) {
    const path = join(nodeModules, entry.name)
    if (!entry.isDirectory()) continue
    if (entry.name === '.pnpm') {
      for (const name of readdirSync(path)) yield* packageFolders(join(path, name, 'node_modules'))
    } else if (entry.name.startsWith('@')) {
      yield* packageFolders(path)
    } else if (existsSync(join(path, 'package.json'))) {
      yield path
      yield* packageFolders(join(path, 'node_modules'))
    }
  }
}

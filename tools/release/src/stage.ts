import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { succeed } from './processes.js'
import { Registry } from './registry.js'
import { ROOT } from './repository.js'

/** Where a rehearsal takes place: a folder that has everything in it, and a registry. */
export interface Stage {
  readonly folder: string
  readonly registry: Registry
  /** For programs that shall know nothing of this machine's settings, caches and stores. */
  readonly env: NodeJS.ProcessEnv
}

/**
 * The environment of this process, without what package managers put into the PATH of scripts: this workspace depends on
 * an npm and a yarn, which would take the place of those of the machine.
 */
export const CLEAN: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
    .join(delimiter),
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sock-release-'))
}

export async function setStage(folder: string): Promise<Stage> {
  const home = join(folder, 'home')
  for (const name of ['home', 'registry', 'tmp']) mkdirSync(join(folder, name))
  const upstream = await setting('registry')
  const registry = await Registry.start(join(folder, 'registry'), upstream)
  // A token, since nobody publishes without one; this registry asks for none.
  const { host } = new URL(registry.url)
  writeFileSync(join(home, '.npmrc'), `registry=${registry.url}\n//${host}/:_authToken=rehearsal\n`)

  const env: NodeJS.ProcessEnv = {
    HOME: home,
    PATH: CLEAN['PATH'],
    TMPDIR: join(folder, 'tmp'),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    // changesets asks npm in this way, and pnpm has its own name for it.
    npm_config_registry: registry.url,
    pnpm_config_registry: registry.url,
    // What was published a moment ago is what this is about.
    pnpm_config_minimum_release_age: '0',
    YARN_NPM_MINIMAL_AGE_GATE: '0',
    YARN_NPM_REGISTRY_SERVER: registry.url,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_ENABLE_TELEMETRY: '0',
    ...(await headers()),
  }
  return { folder, registry, env }
}

/** Takes away all that there was; harmless for a folder that is gone. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

/** Where node-gyp finds the headers of Node; if this machine does not have them, it fetches them. */
async function headers(): Promise<NodeJS.ProcessEnv> {
  const prefix = join(dirname(process.execPath), '..')
  const own = existsSync(join(prefix, 'include/node/node.h')) ? prefix : 'undefined'
  const chosen = process.env['npm_config_nodedir'] ?? (await setting('nodedir'))
  const found = [chosen, own].find((folder) => folder !== 'undefined')
  return found === undefined ? {} : { npm_config_nodedir: found }
}

/** A setting of npm on this machine; `undefined`, as a word, if there is none. */
export async function setting(name: string): Promise<string> {
  // Warnings are no part of the answer.
  const args = ['config', 'get', name, '--loglevel=error']
  return (await succeed('npm', args, { cwd: ROOT, env: CLEAN })).trim()
}

import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { succeed } from '@sock/tools/processes'
import { runServer } from 'verdaccio'
import { ROOT } from '../repository.mjs'

/**
 * The environment of this process, without what package managers put into the PATH of scripts: this workspace depends on an
 * npm and a yarn, which would take the place of those of the machine.
 */
export const CLEAN = {
  ...process.env,
  PATH: (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
    .join(delimiter),
}

/** A setting of npm on this machine; the word `undefined` if there is none. */
export const setting = async (name) =>
  (await succeed('npm', ['config', 'get', name, '--loglevel=error'], { cwd: ROOT, env: CLEAN })).trim()

/** Where a rehearsal takes place: a registry, and an environment that knows nothing of this machine's settings and caches. */
export async function setStage(folder) {
  const home = join(folder, 'home')
  for (const name of ['home', 'registry', 'tmp']) mkdirSync(join(folder, name))
  const registry = await startRegistry(join(folder, 'registry'), await setting('registry'))
  // A token, since nobody publishes without one; this registry asks for none.
  const { host } = new URL(registry.url)
  writeFileSync(join(home, '.npmrc'), `registry=${registry.url}\n//${host}/:_authToken=rehearsal\n`)
  const env = {
    HOME: home,
    PATH: CLEAN.PATH,
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
    ...(await headersOfNode()),
  }
  return { folder, registry, env }
}

/** Where node-gyp finds the headers of Node, so that it does not fetch them. */
async function headersOfNode() {
  const prefix = join(dirname(process.execPath), '..')
  const own = existsSync(join(prefix, 'include/node/node.h')) ? prefix : 'undefined'
  const chosen = process.env['npm_config_nodedir'] ?? (await setting('nodedir'))
  const found = [chosen, own].find((path) => path !== 'undefined')
  return found === undefined ? {} : { npm_config_nodedir: found }
}

/** On 127.0.0.1: anybody may publish our packages, all others come from the registry that this machine uses. */
async function startRegistry(folder, upstream) {
  const file = join(folder, 'verdaccio.yaml')
  const storage = join(folder, 'storage')
  const config = {
    storage,
    web: { enable: false },
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    uplinks: { machine: { url: upstream } },
    packages: {
      '@sock/*': { access: '$all', publish: '$all' },
      '**': { access: '$all', proxy: 'machine' },
    },
    log: { type: 'stdout', format: 'json', level: 'fatal' },
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  const server = await runServer(file)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}/`

  /** The manifests of a package, by version. */
  const versions = async (name) => (await (await fetch(url + name.replace('/', '%2f'))).json()).versions ?? {}

  return {
    url,
    manifest: async (name, version) => (await versions(name))[version],
    /** Everything that was published here, as a set: `['@sock/core@1.0.0', …]`. */
    async contents() {
      const { list } = JSON.parse(readFileSync(join(storage, '.verdaccio-db.json'), 'utf8'))
      const all = list.map(async (name) => Object.keys(await versions(name)).map((it) => `${name}@${it}`))
      return new Set((await Promise.all(all)).flat())
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

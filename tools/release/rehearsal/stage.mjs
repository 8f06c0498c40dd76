import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { succeed } from '@sock/tools/processes'
import { runServer } from 'verdaccio'
import { ROOT } from '../repository.mjs'

/**
 * The environment of this process, without the folders that package managers add to the PATH of scripts. Otherwise the npm
 * and the yarn in node_modules would replace those of the machine.
 */
export const CLEAN = {
  ...process.env,
  PATH: (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
    .join(delimiter),
}

/** Returns a setting of npm on this machine, or the string `undefined`. */
export const setting = async (name) =>
  (await succeed('npm', ['config', 'get', name, '--loglevel=error'], { cwd: ROOT, env: CLEAN })).trim()

/** Starts a registry, and makes an environment without the settings and caches of this machine. */
export async function setStage(folder) {
  const home = join(folder, 'home')
  for (const name of ['home', 'registry', 'tmp']) mkdirSync(join(folder, name))
  const registry = await startRegistry(join(folder, 'registry'), await setting('registry'))
  // npm publishes only with a token, although this registry does not check it.
  const { host } = new URL(registry.url)
  writeFileSync(join(home, '.npmrc'), `registry=${registry.url}\n//${host}/:_authToken=rehearsal\n`)
  const env = {
    HOME: home,
    PATH: CLEAN.PATH,
    TMPDIR: join(folder, 'tmp'),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    // changesets reads the setting of npm; pnpm has another name for it.
    npm_config_registry: registry.url,
    pnpm_config_registry: registry.url,
    // Install packages that were published only a moment ago.
    pnpm_config_minimum_release_age: '0',
    YARN_NPM_MINIMAL_AGE_GATE: '0',
    YARN_NPM_REGISTRY_SERVER: registry.url,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_ENABLE_TELEMETRY: '0',
    ...(await headersOfNode()),
  }
  return { folder, registry, env }
}

/** Returns the folder with the headers of Node, so that node-gyp does not download them. */
async function headersOfNode() {
  const prefix = join(dirname(process.execPath), '..')
  const own = existsSync(join(prefix, 'include/node/node.h')) ? prefix : 'undefined'
  const chosen = process.env['npm_config_nodedir'] ?? (await setting('nodedir'))
  const found = [chosen, own].find((path) => path !== 'undefined')
  return found === undefined ? {} : { npm_config_nodedir: found }
}

/** Starts a registry on 127.0.0.1 that accepts our packages, and gets all others from the registry of this machine. */
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
    /** Returns the set of all published versions: `['@sock/core@1.0.0', …]`. */
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

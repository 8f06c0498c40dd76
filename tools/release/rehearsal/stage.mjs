import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { succeed } from '@sock/tools/processes'
import { runServer } from 'verdaccio'
import { fetchNode, NODES } from '../../checks/nodes.mjs'

/**
 * Starts a registry, and makes an environment without the settings and caches of this machine. Its Node is the newest that is
 * tested: current package managers need a newer one than our oldest.
 */
export async function setStage(folder) {
  const home = join(folder, 'home')
  for (const name of ['home', 'registry', 'tmp']) mkdirSync(join(folder, name))
  const registry = await startRegistry(join(folder, 'registry'))
  // npm publishes only with a token, although this registry does not check it.
  const { host } = new URL(registry.url)
  writeFileSync(join(home, '.npmrc'), `registry=${registry.url}\n//${host}/:_authToken=rehearsal\n`)
  writeFileSync(join(home, '.gitconfig'), '[user]\nname = Rehearsal\nemail = rehearsal@localhost\n')
  const node = await fetchNode(Object.values(NODES).at(-1))
  const bin = join(node, 'bin')
  // Package managers add folders for scripts, whose npm and yarn would replace those of the machine.
  const path = process.env['PATH'].split(delimiter).filter((it) => !it.includes('node_modules'))
  const env = {
    HOME: home,
    PATH: [bin, ...path].join(delimiter),
    TMPDIR: join(folder, 'tmp'),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    // node-gyp finds the headers here, so it downloads nothing.
    npm_config_nodedir: node,
    // changesets reads the setting of npm; pnpm has another name for it.
    npm_config_registry: registry.url,
    pnpm_config_registry: registry.url,
    // Install packages that were published only a moment ago.
    pnpm_config_minimum_release_age: '0',
    // Without consent to build unix-dgram, pnpm would fail instead of printing a warning.
    pnpm_config_strict_dep_builds: 'false',
    YARN_NPM_MINIMAL_AGE_GATE: '0',
    YARN_NPM_REGISTRY_SERVER: registry.url,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_ENABLE_TELEMETRY: '0',
  }
  return { folder, registry, bin, env }
}

/** Starts a registry on 127.0.0.1 that accepts our packages, and gets all others from the registry of this machine. */
async function startRegistry(folder) {
  const storage = join(folder, 'storage')
  const upstream = await succeed('npm', ['config', 'get', 'registry', '--loglevel=error'])
  const config = {
    storage,
    web: { enable: false },
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    uplinks: { machine: { url: upstream.trim() } },
    packages: {
      '@sock/*': { access: '$all', publish: '$all' },
      '**': { access: '$all', proxy: 'machine' },
    },
    log: { type: 'stdout', format: 'json', level: 'fatal' },
  }
  // JSON is YAML.
  const file = join(folder, 'verdaccio.yaml')
  writeFileSync(file, JSON.stringify(config))
  const server = await runServer(file)
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    /** Returns the names of all published tarballs: `['core-1.0.0.tgz', …]`. */
    contents: () =>
      readdirSync(storage, { recursive: true })
        .filter((path) => path.startsWith('@sock') && path.endsWith('.tgz'))
        .map((path) => basename(path)),
  }
}

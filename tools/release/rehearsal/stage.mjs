import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { succeed } from '@sock/tools/processes'
import { runServer } from 'verdaccio'
import { fetchNode, NODES } from '../../checks/nodes.mjs'

/** Starts a registry, and makes machines with a version of Node each. */
export async function setStage(folder) {
  for (const name of ['registry', 'tmp']) mkdirSync(join(folder, name))
  const registry = await startRegistry(join(folder, 'registry'))
  const machines = {}
  for (const major of Object.keys(NODES)) machines[major] = await createMachine(folder, registry, major)
  return { folder, registry, machines }
}

/**
 * A machine with this Node, and without the settings and caches of ours.
 *
 * @returns its environment, and the folder that has nothing but Node
 */
async function createMachine(folder, registry, major) {
  const home = join(folder, `home-${major}`)
  mkdirSync(home)
  // npm publishes only with a token, although this registry does not check it.
  const { host } = new URL(registry.url)
  writeFileSync(join(home, '.npmrc'), `registry=${registry.url}\n//${host}/:_authToken=rehearsal\n`)
  writeFileSync(join(home, '.gitconfig'), '[user]\nname = Rehearsal\nemail = rehearsal@localhost\n')
  const node = await fetchNode(NODES[major])
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
  return { bin, env }
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
    /** Returns the names of all published tarballs: `['core-0.1.0.tgz', …]`. */
    contents: () =>
      readdirSync(storage, { recursive: true })
        .filter((path) => path.startsWith('@sock') && path.endsWith('.tgz'))
        .map((path) => basename(path)),
    /** Returns the bytes of a published tarball. */
    read: (tarball) =>
      readFileSync(join(storage, '@sock', tarball.replace(/-\d+\.\d+\.\d+\.tgz$/, ''), tarball)),
  }
}

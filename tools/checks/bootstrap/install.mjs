import { lstatSync } from 'node:fs'
import { run } from './child.mjs'
import { explain } from './explain.mjs'
import { Failure } from './failure.mjs'
import { fingerprint } from './fingerprint.mjs'
import { stamp } from './stamp.mjs'
import { inRoot, readJson, root, withNeeds, workspaces } from './workspace.mjs'

/**
 * Installs what pnpm-lock.yaml says, unless exactly that is installed already.
 *
 * @param alone the names of packages: only what they need is installed; without any, everything
 * @param tools the names of more packages, of which only the dependencies from outside are installed
 */
export async function install(alone = [], tools = []) {
  const all = workspaces()
  const wanted = fingerprint(
    [
      'package.json',
      'pnpm-lock.yaml',
      'pnpm-workspace.yaml',
      ...all.map(({ folder }) => `${folder}/package.json`),
    ],
    // Native modules belong to one major version of Node.
    process.versions.modules,
  )
  const everything = stamp('installed')
  if (everything.says(wanted) && all.every(isLinked)) return
  if (alone.length === 0) return pnpmInstall([], everything, wanted)

  const installed = stamp(['installed', ...alone, ...tools].join('-').replaceAll('@sock/', ''))
  const packages = [...withNeeds(alone), ...all.filter(({ manifest }) => tools.includes(manifest.name))]
  if (installed.says(wanted) && packages.every(isLinked)) return
  const { name } = readJson(inRoot('package.json'))
  await pnpmInstall([name, ...alone.map((one) => `${one}...`), ...tools], installed, wanted)
}

async function pnpmInstall(filters, installed, wanted) {
  const { packageManager } = readJson(inRoot('package.json'))
  console.error(`Installing the dependencies with ${packageManager} (again only when they change)`)
  installed.drop()
  const filter = filters.map((name) => `--filter=${name}`)
  const { code, output } = await run(
    'npx',
    ['--prefer-offline', '-y', packageManager, 'install', '--frozen-lockfile', ...filter],
    {
      cwd: root,
      // npx is a script on Windows.
      shell: process.platform === 'win32',
      env: { ...process.env, ...unattended },
    },
  )
  if (code !== 0) throw new Failure(explain(output, packageManager), output)
  installed.write(wanted)
}

const unattended = {
  // `npm start --silent` hands its silence on to npx, and then there would be nothing to explain a failure with.
  npm_config_loglevel: 'error',
  // A node_modules that another package manager made is replaced without asking, which would hang here.
  pnpm_config_confirm_modules_purge: 'false',
  // Say that there is no network after seconds; npm and pnpm wait for more than a minute each.
  npm_config_fetch_retry_mintimeout: '1000',
  npm_config_fetch_retry_maxtimeout: '5000',
  pnpm_config_fetch_retry_mintimeout: '1000',
  pnpm_config_fetch_retry_maxtimeout: '5000',
}

/**
 * False when somebody removed a package's own node_modules, where its links to the other packages are. A sparse clone
 * need not have all that they point to.
 */
function isLinked({ folder, manifest }) {
  const needs = { ...manifest.dependencies, ...manifest.devDependencies }
  return Object.keys(needs).every(
    (name) => lstatSync(inRoot(folder, 'node_modules', name), { throwIfNoEntry: false }) !== undefined,
  )
}

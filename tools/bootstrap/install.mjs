import { existsSync } from 'node:fs'
import { run } from './child.mjs'
import { explain } from './explain.mjs'
import { Failure } from './failure.mjs'
import { fingerprint } from './fingerprint.mjs'
import { stamp } from './stamp.mjs'
import { inRoot, readJson, root, workspaces } from './workspace.mjs'

/** Installs what pnpm-lock.yaml says, unless exactly that is installed already. */
export async function install() {
  const packages = workspaces()
  const installed = stamp('installed')
  const wanted = fingerprint(
    [
      'package.json',
      'pnpm-lock.yaml',
      'pnpm-workspace.yaml',
      ...packages.map(({ folder }) => `${folder}/package.json`),
    ],
    // Native modules belong to one major version of Node.
    process.versions.modules,
  )
  if (installed.says(wanted) && packages.every(isLinked)) return

  const { packageManager } = readJson(inRoot('package.json'))
  console.error(`Installing the dependencies with ${packageManager} (again only when they change)`)
  installed.drop()
  const { code, output } = await run(
    'npx',
    ['--prefer-offline', '-y', packageManager, 'install', '--frozen-lockfile'],
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

/** False when somebody removed a package's own node_modules, where its links to the other packages are. */
function isLinked({ folder, manifest }) {
  const needs = { ...manifest.dependencies, ...manifest.devDependencies }
  return Object.keys(needs).every((name) => existsSync(inRoot(folder, 'node_modules', name)))
}

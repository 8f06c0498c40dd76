import { existsSync } from 'node:fs'
import { Failure, run } from './processes.mjs'
import { inRoot, readJson, root } from './repository.mjs'

const { name: NAME, packageManager: PNPM } = readJson(inRoot('package.json'))

/**
 * Installs the dependencies in pnpm-lock.yaml. If they are installed already, pnpm notices that in less than a second.
 *
 * @param filters packages, as pnpm's --filter takes them: only what they need is installed; without any, everything
 */
export async function install(filters = []) {
  const installed = inRoot('node_modules/pnpm/package.json')
  const isThere = existsSync(installed) && `pnpm@${readJson(installed).version}` === PNPM
  if (!isThere) console.error(`Installing the dependencies with ${PNPM}`)
  const [command, ...start] = isThere
    ? [inRoot('node_modules/.bin/pnpm')]
    : ['npx', '--prefer-offline', '-y', PNPM]
  const scope = filters.length ? [NAME, ...filters].map((filter) => `--filter=${filter}`) : []
  const { code, output } = await run(
    command,
    [...start, 'install', '--frozen-lockfile', '--prefer-offline', ...scope],
    // npx and pnpm are scripts on Windows.
    { cwd: root, shell: process.platform === 'win32', env: { ...process.env, ...UNATTENDED } },
  )
  if (code !== 0) throw new Failure(explain(output), output)
}

const UNATTENDED = {
  // `npm start --silent` also makes npx silent; then no message would explain a failure.
  npm_config_loglevel: 'error',
  // Replace a node_modules that another package manager made, without asking.
  pnpm_config_confirm_modules_purge: 'false',
  // Report a missing network after seconds; npm and pnpm wait for more than a minute each.
  npm_config_fetch_retry_mintimeout: '1000',
  npm_config_fetch_retry_maxtimeout: '5000',
  pnpm_config_fetch_retry_mintimeout: '1000',
  pnpm_config_fetch_retry_maxtimeout: '5000',
}

/** What to do after a failed installation, by its output. The first match wins, so special cases come first. */
const ADVICE = {
  OUTDATED_LOCKFILE: `A package.json changed, but pnpm-lock.yaml did not: run \`npx -y ${PNPM} install\`, and commit the lock file.`,
  'gyp ERR!|node-gyp|not found: make':
    'A native module could not be compiled: install Python 3, make and a C++ compiler (Debian: `apt-get install python3 make g++`; macOS: `xcode-select --install`).',
  'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|E(HOST|NET)UNREACH|error sending request|META_FETCH_FAIL':
    'The package registry could not be reached: check your network, `npm config get registry` and `npm config get proxy`.',
  'spawn npx|npx: not found': 'npx was not found: it comes with npm, and npm with Node.',
}

/** @returns a sentence, always */
function explain(output) {
  const cause = Object.keys(ADVICE).find((pattern) => new RegExp(pattern).test(output))
  return `Could not install the dependencies. ${ADVICE[cause] ?? 'The messages above say what went wrong.'}`
}

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
  const env = {
    ...process.env,
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
  // npx and pnpm are scripts on Windows.
  const how = { cwd: root, shell: process.platform === 'win32', env }
  const all = [...start, 'install', '--frozen-lockfile', '--prefer-offline', ...scope]
  const { code, output } = await run(command, all, how)
  if (code !== 0) throw new Failure('Could not install the dependencies: the messages above say why.', output)
  const failure = buildFailure(output)
  if (failure !== undefined) console.error(failure)
}

/**
 * Says that unix-dgram could not be built, and why, from what pnpm printed. It is an optional dependency: pnpm then removes
 * it, succeeds, and tries again at the next installation.
 */
export function buildFailure(output) {
  const said = [...output.matchAll(/\/unix-dgram install: (.*)$/gm)].map(([, line]) => line)
  if (said.at(-1) !== 'Failed') return undefined
  const errors = said
    .filter((line) => line !== 'Failed' && !line.startsWith('gyp info'))
    .map((line) => `  ${line}`)
  const message =
    'Could not build unix-dgram, so what needs it is left out. The README says what the build needs, which said:'
  return [message, ...errors].join('\n')
}

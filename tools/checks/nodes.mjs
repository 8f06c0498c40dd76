import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, run } from './processes.mjs'
import { inRoot } from './repository.mjs'

/** The versions that are supported, by major: the only place where they are pinned. */
export const NODES = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' }

/** The first versions that can `require` ES modules without a flag, by major: what `engines` of the packages admits. */
export const OLDEST = { 20: '20.19.0', 22: '22.12.0' }

/**
 * Installs a version of Node, for this processor or another, and returns its folder with `bin/node` and, for native modules,
 * `include/node`. It comes from the npm package of its platform, and stays in `.cache`. It is no dependency, since everyone would
 * download 100 MB.
 */
export async function fetchNode(version, cpu = process.arch) {
  const name = `node-${process.platform}-${cpu}`
  const folder = inRoot('.cache', 'nodes', cpu === process.arch ? version : `${version}-${cpu}`)
  const home = join(folder, 'node_modules', name)
  if (!existsSync(join(home, 'bin', 'node'))) {
    mkdirSync(folder, { recursive: true })
    const foreign = cpu === process.arch ? [] : [`--cpu=${cpu}`, '--force']
    const how = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', ...foreign]
    const { code, output } = await run('npm', ['install', ...how, '--prefix', folder, `${name}@${version}`])
    if (code !== 0)
      throw new Failure(`Cannot fetch ${name}@${version}: npm install ended with ${code}`, output)
  }
  return home
}

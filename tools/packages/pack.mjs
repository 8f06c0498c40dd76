import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../bootstrap/child.mjs'
import { Failure } from '../bootstrap/failure.mjs'
import { inRoot, readJson, root, workspaces } from '../bootstrap/workspace.mjs'

/** What is published, as `{ folder: 'packages/tcp', manifest }`: every workspace in `packages` that is not private. */
export const published = () =>
  workspaces().filter(({ folder, manifest }) => folder.startsWith('packages/') && !manifest.private)

/**
 * Packs every published package of the tree `from`, which must have been built, as publishing would.
 *
 * @param destination folder for the tarballs; it is made if it does not exist
 * @returns paths of the tarballs by name of the package: `{ '@sock/tcp': '/tmp/x/sock-tcp-0.1.0.tgz', … }`
 */
export async function packPackages(destination, from = root) {
  for (const { folder } of published()) {
    if (!existsSync(join(from, folder, 'dist', 'index.js')))
      throw new Failure(`Cannot pack ${folder}: it is not built`)
  }
  const pnpm = inRoot('node_modules/.bin/pnpm')
  const scope = published().flatMap(({ manifest }) => ['--filter', manifest.name])
  const args = ['--recursive', ...scope, 'pack', '--pack-destination', destination]
  const { code, output } = await run(pnpm, args, { cwd: from })
  if (code !== 0) throw new Failure(`Cannot pack the packages of ${from}`, output)
  return Object.fromEntries(
    published().map(({ folder, manifest }) => [manifest.name, join(destination, tarballOf(from, folder))]),
  )
}

/** How npm and pnpm name it: `sock-tcp-0.1.0.tgz` for `@sock/tcp`. */
function tarballOf(from, folder) {
  const { name, version } = readJson(join(from, folder, 'package.json'))
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
}

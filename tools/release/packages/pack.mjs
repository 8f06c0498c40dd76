import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot, readJson, root, workspaces } from '../../checks/bootstrap/workspace.mjs'

/** What is published, as `{ folder: 'packages/tcp', manifest }`: every workspace in `packages` that is not private. */
export const published = () =>
  workspaces().filter(({ folder, manifest }) => folder.startsWith('packages/') && !manifest.private)

const isBinary = ({ folder }) => folder.startsWith('packages/native/npm/')

/** Those that are JavaScript, and have doors. */
export const libraries = () => published().filter((it) => !isBinary(it))

/** Those that have nothing but a binary of @sock/native, for one platform each. */
export const binaries = () => published().filter(isBinary)

/** Where a package of binaries has its one. */
export const binaryOf = (folder) => join(folder, 'sock_native.node')

/**
 * Packs every published package of the tree `from`, which must have been built, as publishing would; but none whose binary
 * is not there, since not every machine can build it.
 *
 * @param destination folder for the tarballs; it is made if it does not exist
 * @returns paths of the tarballs by name of the package: `{ '@sock/tcp': '/tmp/x/sock-tcp-0.1.0.tgz', … }`
 */
export async function packPackages(destination, from = root) {
  for (const { folder } of libraries()) {
    if (!existsSync(join(from, folder, 'dist', 'index.js')))
      throw new Failure(`Cannot pack ${folder}: it is not built`)
  }
  const packed = [
    ...libraries(),
    ...binaries().filter(({ folder }) => existsSync(join(from, binaryOf(folder)))),
  ]
  const pnpm = inRoot('node_modules/.bin/pnpm')
  const scope = packed.flatMap(({ manifest }) => ['--filter', manifest.name])
  // Without scripts: a copy of the packages does not have what they would start.
  const args = [
    '--recursive',
    ...scope,
    '--config.ignore-scripts=true',
    'pack',
    '--pack-destination',
    destination,
  ]
  const { code, output } = await run(pnpm, args, { cwd: from })
  if (code !== 0) throw new Failure(`Cannot pack the packages of ${from}`, output)
  return Object.fromEntries(
    packed.map(({ folder, manifest }) => [manifest.name, join(destination, tarballOf(from, folder))]),
  )
}

/** How npm and pnpm name it: `sock-tcp-0.1.0.tgz` for `@sock/tcp`. */
function tarballOf(from, folder) {
  const { name, version } = readJson(join(from, folder, 'package.json'))
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
}

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { copyTree } from '../checks/copy-tree.mjs'
import { version } from './release.mjs'
import { binaries, Failure, inRoot, libraries, platformOf } from './repository.mjs'
import { buildStale, canBuild } from './targets.mjs'

/** Copies the repository with its changes and the built packages. The copy can be changed and released. */
function copyRepository(folder) {
  // In the copy, every binary would be newer than its sources.
  buildStale(binaries().map(platformOf).filter(canBuild))
  mkdirSync(folder, { recursive: true })
  copyTree(folder)
  const built = libraries().flatMap((it) => [join(it.folder, 'dist'), join(it.folder, 'build')])
  for (const path of [...built, ...binaries().map((it) => join(it.folder, 'sock_native.node'))]) {
    if (existsSync(inRoot(path)))
      cpSync(inRoot(path), join(folder, path), { recursive: true, filter: isOfSource })
  }
}

/** Whether a file in `dist` still has its source. A real release is built from a clean clone, and has no other files. */
function isOfSource(path) {
  const [, folder, name] = /^(.*\/packages\/[^/]+)\/dist\/(.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(path) ?? []
  return name === undefined || existsSync(join(folder, 'src', `${name}.ts`))
}

/**
 * Packs the packages of the next release, from a copy of the repository in which the change files have been applied. Omits
 * binaries that this machine cannot build.
 *
 * @returns the paths of the tarballs, by package: `{ '@sock/tcp': '…/sock-tcp-0.1.0.tgz', … }`
 */
export function packNextRelease(folder) {
  const copy = join(folder, 'copy')
  copyRepository(copy)
  if (version(copy, 'ignore') !== 0) throw new Failure('Cannot apply the change files')

  const hasBinary = (it) => existsSync(join(copy, it.folder, 'sock_native.node'))
  const packed = [...libraries(copy), ...binaries(copy).filter(hasBinary)]
  const scope = packed.flatMap(({ name }) => ['--filter', name])
  const how = [
    '--config.ignore-scripts=true',
    'pack',
    '--json',
    '--pack-destination',
    join(folder, 'tarballs'),
  ]
  const options = { cwd: copy, encoding: 'utf8', maxBuffer: Infinity }
  const report = execFileSync(inRoot('node_modules/.bin/pnpm'), ['--recursive', ...scope, ...how], options)
  return Object.fromEntries(JSON.parse(report).map(({ name, filename }) => [name, filename]))
}

/** Unpacks a tarball, without npm's outer folder. */
export function unpack(tarball, folder) {
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder])
}

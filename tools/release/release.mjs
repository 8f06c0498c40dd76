import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { binaries, Failure, inRoot, libraries, platformOf, readJson, ROOT } from './repository.mjs'
import { buildStale } from './targets.mjs'

/** `npm run release:version`: change files become versions and changelogs. @returns the exit code */
export function version() {
  const code = changesets(['version'])
  if (code === 0) alignBinaries(ROOT)
  return code
}

/**
 * `npm run release`: publishes every version that the registry does not have yet, and tags it.
 *
 * @param provenance lets the registry show which run of a hosted CI has built it; fails elsewhere
 * @returns the exit code
 * @throws Failure unless what is published is the next release, committed, with a binary for each platform
 */
export function publish(provenance) {
  if (changeFiles(ROOT).length > 0)
    throw new Failure(
      'Cannot publish: change files wait in .changeset. Run `npm run release:version`, and commit what it does.',
    )
  if (execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' }) !== '')
    throw new Failure('Cannot publish: `git status` shows files that are not committed.')
  for (const { folder } of libraries())
    if (!existsSync(inRoot(folder, 'dist/index.js')))
      throw new Failure(`Cannot publish: ${folder} is not built. Make it a dependency of tools/release.`)
  try {
    buildStale(binaries().map(platformOf))
  } catch (error) {
    throw new Failure(`Cannot publish: a platform has no binary.\n${error.message}`)
  }
  // What packing from a clone adds, in case it was interrupted.
  rmSync(inRoot('packages/native/dist/lib/sock_native.node'), { force: true })
  // pnpm, which publishes, has its own names for npm's settings. Without scripts: everything is built.
  return changesets(['publish'], {
    pnpm_config_ignore_scripts: 'true',
    ...(provenance && { pnpm_config_provenance: 'true' }),
  })
}

/** The change files that wait for a release. */
export function changeFiles(root) {
  const folder = join(root, '.changeset')
  const names = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md')
  return names.map((name) => join(folder, name))
}

/**
 * Gives the packages of binaries the version of @sock/native, whose JavaScript fits no other. A `fixed` group of changesets
 * would also write a changelog for each.
 */
export function alignBinaries(root) {
  const { version: wanted } = readJson(join(root, 'packages/native/package.json'))
  for (const { folder } of binaries(root)) {
    const path = join(root, folder, 'package.json')
    // In place: the rest of the file stays as it is formatted.
    writeFileSync(path, readFileSync(path, 'utf8').replace(/("version": ")[^"]*/, `$1${wanted}`))
  }
}

/** Starts changesets in the tree `root`. @returns the exit code */
export function changesets(args, env = {}, root = ROOT, stdio = 'inherit') {
  // changesets starts the pnpm that it finds.
  const path = inRoot('node_modules/.bin') + delimiter + process.env['PATH']
  const { status } = spawnSync(process.execPath, [inRoot('node_modules/@changesets/cli/bin.js'), ...args], {
    cwd: root,
    stdio,
    env: { ...process.env, ...env, PATH: path },
  })
  return status ?? 1
}

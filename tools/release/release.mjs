import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { binaries, Failure, inRoot, libraries, platformOf, readJson, ROOT } from './repository.mjs'
import { buildStale } from './targets.mjs'

/** `npm run release:version`: change files become versions and changelogs, in the tree `root`. @returns the exit code */
export function version(root = ROOT, stdio = 'inherit') {
  const code = changesets(['version'], { root, stdio })
  if (code === 0) {
    alignBinaries(root)
    joinChanges(root)
  }
  return code
}

/**
 * `npm run release`: publishes every version that the registry does not have yet, and tags it.
 *
 * @param provenance lets the registry show which run of a hosted CI has built it; fails elsewhere
 * @returns the exit code
 * @throws Failure if a change file waits, something is not committed, or a binary is missing
 */
export function publish(provenance) {
  if (readdirSync(inRoot('.changeset')).some((name) => name.endsWith('.md') && name !== 'README.md'))
    throw new Failure(
      'Cannot publish: change files wait in .changeset. Run `npm run release:version`, and commit what it does.',
    )
  if (execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' }) !== '')
    throw new Failure('Cannot publish: `git status` shows files that are not committed.')
  try {
    buildStale(binaries().map(platformOf))
  } catch (error) {
    throw new Failure(`Cannot publish: a platform has no binary.\n${error.message}`)
  }
  // Remove files that packing from a clone adds, in case it was interrupted.
  rmSync(inRoot('packages/native/dist/lib/sock_native.node'), { force: true })
  // pnpm publishes, and has its own names for npm's settings. No scripts: everything is built already.
  const env = { pnpm_config_ignore_scripts: 'true', pnpm_config_provenance: `${provenance}` }
  const code = changesets(['publish'], { env })
  // It tags only what it has published itself, and not what an attempt before it has, which failed half-way.
  return code === 0 ? changesets(['tag'], {}) : code
}

/**
 * Gives the packages of binaries the version of @sock/native, because its JavaScript needs exactly this binary. A `fixed`
 * group of changesets would also write a changelog for each.
 */
function alignBinaries(root) {
  const { version: wanted } = readJson(join(root, 'packages/native/package.json'))
  for (const { folder } of binaries(root)) {
    const path = join(root, folder, 'package.json')
    // Replace only the version, to keep the format of the file.
    writeFileSync(path, readFileSync(path, 'utf8').replace(/("version": ")[^"]*/, `$1${wanted}`))
  }
}

/**
 * Makes one list of the changes of a version. The headings of changesets name kinds of versions: `Minor Changes` are what may
 * break a program until 1.0.0, and a first release.
 */
function joinChanges(root) {
  for (const { folder } of libraries(root)) {
    const path = join(root, folder, 'CHANGELOG.md')
    if (existsSync(path))
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^### (?:Major|Minor|Patch) Changes\n\n/gm, ''))
  }
}

/** @returns the exit code of changesets */
function changesets(args, { env = {}, root = ROOT, stdio = 'inherit' }) {
  // changesets runs the first pnpm in PATH.
  const path = inRoot('node_modules/.bin') + delimiter + process.env['PATH']
  const { status } = spawnSync(process.execPath, [inRoot('node_modules/@changesets/cli/bin.js'), ...args], {
    cwd: root,
    stdio,
    env: { ...process.env, ...env, PATH: path },
  })
  return status ?? 1
}

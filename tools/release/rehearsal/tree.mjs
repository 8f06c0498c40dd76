import { appendFileSync, cpSync, existsSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, succeed } from '@sock/tools/processes'
import { copyRepository } from '../packed.mjs'
import { binaries, inRoot, libraries, platformOf, published, ROOT } from '../repository.mjs'
import { canBuild } from '../targets.mjs'
import { CLEAN, setting } from './stage.mjs'

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Rehearsal',
  GIT_AUTHOR_EMAIL: 'rehearsal@localhost',
  GIT_COMMITTER_NAME: 'Rehearsal',
  GIT_COMMITTER_EMAIL: 'rehearsal@localhost',
  GIT_CONFIG_NOSYSTEM: '1',
}
/** The scripts of the root that release, and their commands of main.mjs. */
const SCRIPTS = { 'release:version': 'version', release: 'publish' }

/** Makes a copy of the repository that can be changed and released. */
export async function createTree(stage, claims) {
  const folder = join(stage.folder, 'tree')
  copyRepository(folder)
  for (const path of ['tools/lib/dist', '.cache/binaries'])
    if (existsSync(inRoot(path))) cpSync(inRoot(path), join(folder, path), { recursive: true })
  const placeOf = (binary) => join(folder, binary.folder, 'sock_native.node')
  for (const binary of binaries().filter((it) => !canBuild(platformOf(it)))) {
    claims.skip(
      `the binary for ${platformOf(binary)}: it cannot be built here, so something else is published for it`,
    )
    writeFileSync(placeOf(binary), 'A stand-in')
  }
  const store = await succeed(inRoot('node_modules/.bin/pnpm'), ['store', 'path'], { cwd: ROOT, env: CLEAN })
  // Use the installed dependencies: fetching them again would prove nothing.
  const stores = { pnpm_config_store_dir: store.trim(), npm_config_cache: await setting('cache') }
  const here = { cwd: folder, env: { ...stage.env, ...IDENTITY, ...stores } }

  const begun = new Set()
  /** Runs a script at first with npm, which installs and builds everything, and then its program, which is ten seconds faster. */
  const script = (name, ...args) => {
    if (begun.has(name))
      return run(process.execPath, ['tools/release/main.mjs', SCRIPTS[name], ...args], here)
    begun.add(name)
    return run('npm', ['run', '--silent', name, '--', ...args], here)
  }
  const git = (...args) => succeed('git', args, here)
  async function commit(message) {
    await git('add', '--all')
    // Without a waiting change file, a first release changes nothing.
    await git('commit', '--quiet', '--allow-empty', '--message', message)
  }

  await commit('Everything so far')
  await git('branch', '--move', 'main')
  return {
    folder,
    git,
    libraries: libraries(folder).map(({ name }) => name),
    binaries: binaries(folder).map(({ name }) => name),
    versions: () => new Map(published(folder).map(({ name, manifest }) => [name, manifest.version])),

    /** Commits a change file. */
    async change(name, kind) {
      const text = `---\n${JSON.stringify(name)}: ${kind}\n---\n\nA ${kind} of ${name}\n`
      writeFileSync(join(folder, '.changeset/rehearsal.md'), text)
      await commit(`A ${kind} of ${name}`)
    },

    /** Does what the hosted CI does for the pull request of a release. */
    async version() {
      const { code, output } = await script('release:version')
      if (code !== 0) throw new Error(`release:version ended with ${code}:\n${output}`)
      await commit('Versions')
    },

    /** Does what the hosted CI does after the merge. */
    publish: (...args) => script('release', ...args),

    /** Commits a source of the engine that no compiler accepts, so that no binary is up to date. */
    async breakEngine() {
      appendFileSync(join(folder, 'packages/native/c/loop.c'), '#error broken\n')
      await commit('No engine')
    },

    /** Undoes that. The binaries are up to date again. */
    async mendEngine() {
      await git('reset', '--quiet', '--hard', 'HEAD~1')
      const now = new Date()
      for (const binary of binaries(folder)) utimesSync(placeOf(binary), now, now)
    },
  }
}

import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, succeed } from '@sock/tools/processes'
import { copyRepository } from '../packed.mjs'
import { changeFiles } from '../release.mjs'
import { binaries, inRoot, libraries, platformOf, published, ROOT } from '../repository.mjs'
import { canBuild } from '../targets.mjs'
import { CLEAN, setting } from './stage.mjs'

const PROGRAM = 'tools/release/main.mjs'
const IDENTITY = {
  GIT_AUTHOR_NAME: 'Rehearsal',
  GIT_AUTHOR_EMAIL: 'rehearsal@localhost',
  GIT_COMMITTER_NAME: 'Rehearsal',
  GIT_COMMITTER_EMAIL: 'rehearsal@localhost',
  GIT_CONFIG_NOSYSTEM: '1',
}

/** Makes a copy of the repository that can be changed and released. */
export async function createTree(stage, claims) {
  const folder = join(stage.folder, 'tree')
  copyRepository(folder)
  for (const path of ['tools/lib/dist', '.cache/binaries'])
    if (existsSync(inRoot(path))) cpSync(inRoot(path), join(folder, path), { recursive: true })
  for (const binary of binaries().filter((it) => !canBuild(platformOf(it)))) {
    claims.skip(
      `the binary for ${platformOf(binary)}: it cannot be built here, so something else is published for it`,
    )
    writeFileSync(join(folder, binary.folder, 'sock_native.node'), 'A stand-in')
  }
  const here = { cwd: ROOT, env: CLEAN }
  const store = await succeed(inRoot('node_modules/.bin/pnpm'), ['store', 'path'], here)
  // Use the installed dependencies: fetching them again would prove nothing.
  const stores = { pnpm_config_store_dir: store.trim(), npm_config_cache: await setting('cache') }
  const tree = releasing(folder, { ...stage.env, ...IDENTITY, ...stores })
  await tree.commit('Everything so far')
  await tree.git('branch', '--move', 'main')
  return tree
}

/** The operations on the tree. */
function releasing(folder, ownEnv) {
  const here = { cwd: folder, env: ownEnv }
  const folderOf = (name) => join(folder, published(folder).find((it) => it.name === name).folder)
  /**
   * Whether npm's scripts have run once, and so have installed and built everything. After that, their programs are called
   * directly, which saves ten seconds each time.
   */
  let isPrepared = false

  const tree = {
    folder,
    libraries: libraries(folder).map(({ name }) => name),
    binaries: binaries(folder).map(({ name }) => name),
    versions: () => new Map(published(folder).map(({ name, manifest }) => [name, manifest.version])),
    readme: (name) => readFileSync(join(folderOf(name), 'README.md'), 'utf8'),
    git: (...args) => succeed('git', args, here),

    async commit(message) {
      await tree.git('add', '--all')
      // Without a waiting change file, a first release changes nothing.
      await tree.git('commit', '--quiet', '--allow-empty', '--message', message)
    },

    /** The sentences of the waiting change files, by package. */
    sentences: () =>
      changeFiles(folder).flatMap((path) => {
        const [, packages, text] = readFileSync(path, 'utf8').split(/^---$/m)
        return [...packages.matchAll(/^['"](.+)['"]:/gm)].map(([, name]) => [name, text.trim()])
      }),

    /** The part of a changelog that belongs to one version. */
    changelog(name, version) {
      const text = readFileSync(join(folderOf(name), 'CHANGELOG.md'), 'utf8')
      return text.split(/^## /m).find((part) => part.startsWith(`${version}\n`)) ?? ''
    },

    /** Changes a package visibly: it then exports the name of the change. */
    async change(name, kind, sentence) {
      const door = join(folderOf(name), 'src/index.ts')
      const before = readFileSync(door, 'utf8').replace(/^export const rehearsal = .*\n/m, '')
      writeFileSync(door, `${before}export const rehearsal = ${JSON.stringify(sentence)}\n`)
      const file = `---\n${JSON.stringify(name)}: ${kind}\n---\n\n${sentence}\n`
      writeFileSync(join(folder, '.changeset/rehearsal.md'), file)
      await tree.commit(sentence)
    },

    /** Does what the hosted CI does for the pull request of a release. */
    async version() {
      if (isPrepared) await succeed(process.execPath, [PROGRAM, 'version'], here)
      else await succeed('npm', ['run', '--silent', 'release:version'], here)
      await tree.commit('Versions')
    },

    /** Does what the hosted CI does after the merge. */
    async publish(...args) {
      if (isPrepared) {
        const projects = libraries(folder).map((it) => join(it.folder, 'tsconfig.build.json'))
        await succeed(process.execPath, ['node_modules/typescript/bin/tsc', '-b', ...projects], here)
        return run(process.execPath, [PROGRAM, 'publish', ...args], here)
      }
      const outcome = await run('npm', ['run', '--silent', 'release', '--', ...args], here)
      isPrepared = outcome.code === 0
      return outcome
    },

    /** Runs `action` without binaries and without compilers. */
    async withoutCompilers(action) {
      const files = binaries(folder).map((it) => join(folder, it.folder, 'sock_native.node'))
      const bin = join(folder, '../only-git')
      mkdirSync(bin)
      symlinkSync((await succeed('sh', ['-c', 'command -v git'], here)).trim(), join(bin, 'git'))
      const aside = join(folder, '../aside-')
      for (const [index, file] of files.entries()) renameSync(file, aside + index)
      here.env = { ...ownEnv, PATH: bin }
      try {
        await action()
      } finally {
        here.env = ownEnv
        for (const [index, file] of files.entries()) renameSync(aside + index, file)
      }
    },
  }
  return tree
}

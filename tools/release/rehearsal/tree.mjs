import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { succeed } from '@sock/tools/processes'
import { copyTree } from '../../checks/copy-tree.mjs'
import { binaries, inRoot, libraries, platformOf, published, ROOT } from '../repository.mjs'
import { canBuild } from '../targets.mjs'

/**
 * Makes a repository with the files of this one, which can be changed and released, and releases from it as the hosted CI does:
 * each of its jobs has a clone of its own, in which nothing is installed or built, and runs the scripts that release.yml names.
 */
export async function createTree(stage) {
  const { major, scripts } = readWorkflow()
  // Use the installed dependencies: fetching them again would prove nothing.
  const store = await succeed(inRoot('node_modules/.bin/pnpm'), ['store', 'path'], { cwd: ROOT })
  // The second job finds what the first has built from the same sources.
  const shared = { pnpm_config_store_dir: store.trim(), TURBO_CACHE_DIR: join(stage.folder, 'turbo') }
  const env = { ...stage.machines[major].env, ...shared }
  const git = (cwd, ...args) => succeed('git', args, { cwd, env })

  const origin = join(stage.folder, 'origin')
  const sources = join(stage.folder, 'sources')
  copyTree(sources)
  await commitAll(sources, 'Everything so far')
  await git(stage.folder, 'clone', '--quiet', '--bare', sources, origin)
  const version = await createJob('version')
  const publish = await createJob('publish')

  async function createJob(name) {
    const cwd = join(stage.folder, name)
    await git(stage.folder, 'clone', '--quiet', origin, cwd)
    let hasBegun = false
    return {
      cwd,
      /** Runs the script of the workflow: at first as it is written there. Its program alone is ten seconds faster. */
      run(...args) {
        const line = hasBegun ? `node tools/release/main.mjs ${name} ${args.join(' ')}` : scripts[name]
        hasBegun = true
        return succeed('sh', ['-c', line], { cwd, env })
      },
    }
  }

  async function commitAll(cwd, message) {
    await git(cwd, 'add', '--all')
    // Without a waiting change file, a first release changes nothing.
    await git(cwd, 'commit', '--quiet', '--allow-empty', '--message', message)
  }

  /** Commits what has changed in the clone of the first job, and merges it. */
  async function commit(message) {
    await commitAll(version.cwd, message)
    await git(version.cwd, 'push', '--quiet')
  }

  /** The clone of the job that publishes, with what was merged last. */
  async function checkOut() {
    await git(publish.cwd, 'pull', '--quiet', '--ff-only')
    return publish
  }

  for (const binary of binaries().filter((it) => !canBuild(platformOf(it)))) {
    const skip = 'it cannot be built here, so something else is published for it'
    void test(`the binary for ${platformOf(binary)}`, { skip })
    writeFileSync(join(publish.cwd, binary.folder, 'sock_native.node'), 'A stand-in')
  }

  return {
    /** Where a change is made that is pushed by `commit()`. */
    folder: version.cwd,
    /** Where a release is published. */
    published: publish.cwd,
    commit,
    libraries: libraries(version.cwd).map(({ name }) => name),
    binaries: binaries(version.cwd).map(({ name }) => name),
    versions: () => new Map(published(version.cwd).map(({ name, manifest }) => [name, manifest.version])),

    /** What is new in the changelog of a package: the list under its first version. */
    changes(name) {
      const path = join(version.cwd, name.replace('@sock', 'packages'), 'CHANGELOG.md')
      return existsSync(path)
        ? readFileSync(path, 'utf8')
            .split(/^## .*\n\n/m)[1]
            .trim()
        : undefined
    },

    /** Commits a change file. @returns the commit */
    async change(name, kind) {
      const text = `---\n${JSON.stringify(name)}: ${kind}\n---\n\nA ${kind} of ${name}\n`
      writeFileSync(join(version.cwd, '.changeset/rehearsal.md'), text)
      await commit(`A ${kind} of ${name}`)
      return (await git(version.cwd, 'rev-parse', 'HEAD')).trim()
    },

    /** Does what the hosted CI does for the pull request of a release, and merges it. */
    async version() {
      await version.run()
      await commit('Versions')
    },

    /** Does what the hosted CI does after the merge, and pushes the tags as its action does. */
    async publish(...args) {
      const job = await checkOut()
      await job.run(...args)
      await git(job.cwd, 'push', '--quiet', '--tags')
    },

    /** Publishes a package without a tag: what a release leaves that fails half-way. */
    async publishAlone(name) {
      const { cwd } = await checkOut()
      const [{ folder }] = published(cwd).filter((it) => it.name === name)
      const how = ['publish', '--no-git-checks', '--config.ignore-scripts=true']
      await succeed(inRoot('node_modules/.bin/pnpm'), how, { cwd: join(cwd, folder), env })
    },

    /**
     * Packs the libraries from a clean clone of a tag that a release has left.
     *
     * @returns the paths of the tarballs
     */
    async packTag(tag) {
      const cwd = join(stage.folder, 'tag')
      await git(stage.folder, 'clone', '--quiet', '--branch', tag, origin, cwd)
      const scope = libraries(cwd).map(({ name }) => `--filter=${name}`)
      await succeed('npm', ['run', '--silent', 'build', '--', ...scope], { cwd, env })
      const how = ['--config.ignore-scripts=true', 'pack', '--json', '--pack-destination', cwd]
      const report = await succeed(inRoot('node_modules/.bin/pnpm'), ['-r', ...scope, ...how], { cwd, env })
      return JSON.parse(report).map(({ filename }) => filename)
    },

    /** The commits of all tags that were pushed, by tag. */
    async tags() {
      const format = '--format=%(refname:short) %(*objectname)'
      const lines = await git(origin, 'for-each-ref', format, 'refs/tags')
      return new Map(
        lines
          .split('\n')
          .filter(Boolean)
          .map((line) => line.split(' ')),
      )
    },

    /** The commit that was merged last. */
    head: async () => (await git(origin, 'rev-parse', 'HEAD')).trim(),
  }
}

/** What the job of the hosted CI that releases runs, and on which Node. Nothing here could sign the provenance. */
function readWorkflow() {
  const { jobs } = parse(readFileSync(inRoot('.github/workflows/release.yml'), 'utf8'))
  const { container, steps } = jobs.release
  const [, major] = /^node:(\d+)-/.exec(container)
  const { version, publish } = steps.find(({ uses }) => uses?.startsWith('changesets/action@')).with
  const [script, flags] = publish.split(' -- ')
  assert.equal(flags, '--provenance')
  return { major, scripts: { version, publish: script } }
}

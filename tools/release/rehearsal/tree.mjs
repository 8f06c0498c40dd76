import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { succeed } from '@sock/tools/processes'
import { copyRepository } from '../packed.mjs'
import { binaries, inRoot, libraries, platformOf, published, ROOT } from '../repository.mjs'
import { canBuild } from '../targets.mjs'

/** Makes a copy of the repository that can be changed and released. */
export async function createTree(stage) {
  const folder = join(stage.folder, 'tree')
  copyRepository(folder)
  for (const binary of binaries().filter((it) => !canBuild(platformOf(it)))) {
    const skip = 'it cannot be built here, so something else is published for it'
    void test(`the binary for ${platformOf(binary)}`, { skip })
    writeFileSync(join(folder, binary.folder, 'sock_native.node'), 'A stand-in')
  }
  // Use the installed dependencies: fetching them again would prove nothing.
  const store = await succeed(inRoot('node_modules/.bin/pnpm'), ['store', 'path'], { cwd: ROOT })
  const here = { cwd: folder, env: { ...stage.env, pnpm_config_store_dir: store.trim() } }

  const begun = new Set()
  /** Runs a script of the root: at first with npm, which installs and builds everything. Its program alone is ten seconds faster. */
  function script(name, command, ...args) {
    const [program, ...first] = begun.has(name)
      ? ['node', 'tools/release/main.mjs', command]
      : ['npm', 'run', '--silent', name, '--']
    begun.add(name)
    return succeed(program, [...first, ...args], here)
  }

  async function commit(message) {
    await succeed('git', ['add', '--all'], here)
    // Without a waiting change file, a first release changes nothing.
    await succeed('git', ['commit', '--quiet', '--allow-empty', '--message', message], here)
  }

  await commit('Everything so far')
  return {
    folder,
    commit,
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
      await script('release:version', 'version')
      await commit('Versions')
    },

    /** Does what the hosted CI does after the merge. */
    publish: (...args) => script('release', 'publish', ...args),
  }
}

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { run, succeed, type Outcome } from './processes.js'
import {
  binaryFolders,
  changeFiles,
  libraryFolders,
  publishedFolders,
  readManifest,
  ROOT,
} from './repository.js'
import { CLEAN, setting, type Stage } from './stage.js'
import { withdrawBinaries } from './withdraw.js'

export type Kind = 'patch' | 'minor' | 'major'

/** A copy of the repository, to be changed and released like the original. */
export class Tree {
  readonly folder: string
  readonly #here: { cwd: string; env: NodeJS.ProcessEnv }
  /**
   * Whether npm's scripts have run once, with all that they install and build before they begin. After that their programs
   * are run without, which saves ten seconds each time.
   */
  #isPrepared = false

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder
    this.#here = { cwd: folder, env }
  }

  /**
   * Copies what git knows or would add, and what has been built; its scripts install the dependencies.
   *
   * @param skipped platforms whose binaries cannot be built here
   */
  static async copy(stage: Stage, skipped: readonly string[]): Promise<Tree> {
    const here = { cwd: ROOT, env: CLEAN }
    const store = await succeed(join(ROOT, 'node_modules/.bin/pnpm'), ['store', 'path'], here)
    // The dependencies of the repository are here already; to fetch them again would prove nothing.
    const stores = { pnpm_config_store_dir: store.trim(), npm_config_cache: await setting('cache') }
    const env = { ...stage.env, ...IDENTITY, ...stores }
    const tree = new Tree(join(stage.folder, 'tree'), env)
    mkdirSync(tree.folder)

    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
    const paths = (await succeed('git', list, here)).split('\0')
    const built = [...libraryFolders(ROOT).values()].flatMap((folder) =>
      ['dist', 'build'].map((part) => join(folder.slice(ROOT.length), part)),
    )
    for (const path of [...paths, ...built, 'tools/release/dist', ...headers()]) {
      // A file that was deleted and not yet committed is listed all the same.
      if (path === '' || !existsSync(join(ROOT, path))) continue
      // Otherwise everything would be older than its sources, and be built again.
      cpSync(join(ROOT, path), join(tree.folder, path), { recursive: true, preserveTimestamps: true })
    }
    if (skipped.length > 0) withdrawBinaries(tree.folder, skipped)
    await tree.git('init', '--quiet', '--initial-branch=main')
    await tree.commit('Everything so far')
    return tree
  }

  /** Names of the packages that are JavaScript. */
  libraries(): string[] {
    return [...libraryFolders(this.folder).keys()]
  }

  /** Names of the packages that have a binary. */
  binaries(): string[] {
    return [...binaryFolders(this.folder).keys()]
  }

  versions(): Map<string, string> {
    return new Map([...this.#folders()].map(([name, folder]) => [name, readManifest(folder).version]))
  }

  /** What the change files say that wait, by name of the package. */
  sentences(): [name: string, sentence: string][] {
    return changeFiles(this.folder).flatMap((path) => {
      const [, packages = '', text = ''] = readFileSync(path, 'utf8').split(/^---$/m)
      return [...packages.matchAll(/^['"](.+)['"]:/gm)].map(([, name = '']): [string, string] => [
        name,
        text.trim(),
      ])
    })
  }

  /** The part of a changelog that belongs to one version. */
  changelog(name: string, version: string): string {
    const text = readFileSync(join(this.#folder(name), 'CHANGELOG.md'), 'utf8')
    const part = text.split(/^## /m).find((it) => it.startsWith(`${version}\n`))
    if (part === undefined) throw new Error(`The changelog of ${name} has nothing about ${version}`)
    return part
  }

  readme(name: string): string {
    return readFileSync(join(this.#folder(name), 'README.md'), 'utf8')
  }

  /** Changes a package so that it can be seen in what is published: it exports `rehearsal`, the name of the change. */
  async change(name: string, kind: Kind, sentence: string): Promise<void> {
    const door = join(this.#folder(name), 'src/index.ts')
    const before = readFileSync(door, 'utf8').replace(/^export const rehearsal = .*\n/m, '')
    writeFileSync(door, `${before}export const rehearsal = ${JSON.stringify(sentence)}\n`)
    const file = `---\n${JSON.stringify(name)}: ${kind}\n---\n\n${sentence}\n`
    writeFileSync(join(this.folder, '.changeset/rehearsal.md'), file)
    await this.commit(sentence)
  }

  /** What a hosted CI does for the pull request of a release. */
  async version(): Promise<void> {
    if (this.#isPrepared) await this.#program('version')
    else await this.#script('release:version')
    await this.commit('Versions')
  }

  /** What a hosted CI does when that was merged. */
  async publish(...args: string[]): Promise<Outcome> {
    if (this.#isPrepared) {
      await this.#build()
      return run(process.execPath, [PROGRAM, 'publish', ...args], this.#here)
    }
    const outcome = await run('npm', ['run', '--silent', 'release', '--', ...args], this.#here)
    this.#isPrepared = outcome.code === 0
    return outcome
  }

  /** Runs `action` while there is a file that nobody has committed. */
  async whileChanged(action: () => Promise<void>): Promise<void> {
    const file = join(this.folder, 'not-committed')
    writeFileSync(file, '')
    try {
      await action()
    } finally {
      rmSync(file)
    }
  }

  /** Runs `action` where there is neither a binary nor what builds one. */
  async withoutCompilers(action: () => Promise<void>): Promise<void> {
    for (const folder of binaryFolders(this.folder).values()) rmSync(join(folder, 'sock_native.node'))
    const bin = join(this.folder, '../only-git')
    mkdirSync(bin)
    symlinkSync((await succeed('sh', ['-c', 'command -v git'], this.#here)).trim(), join(bin, 'git'))
    const { env } = this.#here
    this.#here.env = { ...env, PATH: bin }
    try {
      await action()
    } finally {
      this.#here.env = env
    }
  }

  async commit(message: string): Promise<void> {
    await this.git('add', '--all')
    // Without a change file that waits there is nothing that a first release would change.
    await this.git('commit', '--quiet', '--allow-empty', '--message', message)
  }

  git(...args: string[]): Promise<string> {
    return succeed('git', args, this.#here)
  }

  #script(name: string): Promise<string> {
    return succeed('npm', ['run', '--silent', name], this.#here)
  }

  #program(name: string): Promise<string> {
    return succeed(process.execPath, [PROGRAM, name], this.#here)
  }

  #build(): Promise<string> {
    const projects = [...libraryFolders(this.folder).values()].map((it) => join(it, 'tsconfig.build.json'))
    return succeed(process.execPath, ['node_modules/typescript/bin/tsc', '-b', ...projects], this.#here)
  }

  #folders(): Map<string, string> {
    return publishedFolders(this.folder)
  }

  #folder(name: string): string {
    const folder = this.#folders().get(name)
    if (folder === undefined) throw new Error(`There is no package ${name}`)
    return folder
  }
}

/** Those of musl that were fetched, by their paths from the root: a release would fetch them. */
function headers(): string[] {
  const folder = '.cache/binaries'
  const fetched = existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder)) : []
  return fetched.filter((name) => /^musl-\w+$/.test(name)).map((name) => join(folder, name))
}

const PROGRAM = 'tools/release/dist/main.js'

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Rehearsal',
  GIT_AUTHOR_EMAIL: 'rehearsal@localhost',
  GIT_COMMITTER_NAME: 'Rehearsal',
  GIT_COMMITTER_EMAIL: 'rehearsal@localhost',
  GIT_CONFIG_NOSYSTEM: '1',
}

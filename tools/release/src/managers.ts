import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { installedByLock, installedInFolders, type Installed } from './installed.js'
import { HERE, newestNode, type Node } from './node.js'
import { run, succeed, type Outcome } from './processes.js'
import { ROOT } from './repository.js'
import type { Stage } from './stage.js'

/** Which package manager, as the README of `@sock/unixgram` calls it. */
export type Name = 'npm' | 'pnpm' | 'Yarn 1' | 'Yarn 4'

/** A package manager, and projects of somebody who uses it. */
export class Manager {
  readonly name: Name
  /** Where its projects are. */
  readonly folder: string
  readonly #env: NodeJS.ProcessEnv

  constructor(name: Name, stage: Stage, node: Node, bin: string) {
    this.name = name
    this.folder = join(stage.folder, 'projects', name.replace(' ', '-').toLowerCase())
    const path = [bin, node.bin, stage.env['PATH']].join(delimiter)
    this.#env = { ...stage.env, ...node.env, PATH: path }
  }

  /** Whether the scripts of dependencies run without being asked for. */
  get buildsAtOnce(): boolean {
    return this.name === 'Yarn 1'
  }

  /** What lets none of them run. */
  get withoutScripts(): string {
    return this.name === 'Yarn 4' ? '--mode=skip-build' : '--ignore-scripts'
  }

  /** Makes an empty project. @param first a folder with programs that take the place of all others */
  project(name: string, first?: string): Project {
    const folder = join(this.folder, name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    // Otherwise Yarn looks for a project further up.
    if (this.name === 'Yarn 4') writeFileSync(join(folder, 'yarn.lock'), '')
    const path = first === undefined ? {} : { PATH: first + delimiter + this.#env['PATH'] }
    return new Project(this.name, folder, { ...this.#env, ...path })
  }
}

export class Project {
  readonly folder: string
  readonly #manager: Name
  readonly #here: { cwd: string; env: NodeJS.ProcessEnv }

  constructor(manager: Name, folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder
    this.#manager = manager
    this.#here = { cwd: folder, env }
  }

  add(...packages: string[]): Promise<Outcome> {
    const command = this.#manager.startsWith('Yarn') ? 'yarn' : this.#manager
    return run(command, [command === 'npm' ? 'install' : 'add', ...packages], this.#here)
  }

  installed(): Installed {
    return this.#manager === 'Yarn 4' ? installedByLock(this.folder) : installedInFolders(this.folder)
  }

  /** Runs a program of the project to its end. @returns what it printed */
  program(file: string, ...args: string[]): Promise<string> {
    return this.#manager === 'Yarn 4'
      ? succeed('yarn', ['node', ...args, file], this.#here)
      : succeed('node', [...args, file], this.#here)
  }

  /** Runs what a user would type. */
  type(line: string): Promise<string> {
    return succeed('sh', ['-c', line], this.#here)
  }
}

/**
 * All that are tried. The current npm needs a newer Node than the oldest that is supported, and so does `require` of an
 * ES module in the archives of Yarn 4.
 */
export async function managers(stage: Stage): Promise<Manager[]> {
  const newest = await newestNode()
  const require = createRequire(import.meta.url)
  const fileOf = (name: string, file: string) => join(dirname(require.resolve(`${name}/package.json`)), file)
  const make = (name: Name, node: Node, command: string, script: string) => {
    const bin = join(stage.folder, 'bin', name)
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, command), `#!/bin/sh\nexec ${script} "$@"\n`)
    chmodSync(join(bin, command), 0o755)
    return new Manager(name, stage, node, bin)
  }
  return [
    make('npm', newest, 'npm', `node "${fileOf('npm', 'bin/npm-cli.js')}"`),
    make('pnpm', HERE, 'pnpm', `"${join(ROOT, 'node_modules/.bin/pnpm')}"`),
    make('Yarn 1', HERE, 'yarn', `node "${fileOf('yarn', 'bin/yarn.js')}"`),
    make('Yarn 4', newest, 'yarn', `node "${fileOf('@yarnpkg/cli-dist', 'bin/yarn.js')}"`),
  ]
}

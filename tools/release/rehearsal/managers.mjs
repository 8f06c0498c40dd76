import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { succeed } from '@sock/tools/processes'
import { inRoot } from '../repository.mjs'

/** The programs of the package managers to try. */
const PROGRAMS = {
  npm: 'tools/release/node_modules/npm/bin/npm-cli.js',
  'npm 10': 'tools/release/node_modules/npm-10/bin/npm-cli.js',
  pnpm: 'node_modules/pnpm/pnpm',
  'Yarn 1': 'tools/release/node_modules/yarn/bin/yarn.js',
  'Yarn 4': 'tools/release/node_modules/@yarnpkg/cli-dist/bin/yarn.js',
}

/** The package managers on a machine. The newest npm does not run on Node 20, which brings npm 10. */
export function createManagers(stage, major) {
  const other = major === '20' ? 'npm' : 'npm 10'
  const names = Object.keys(PROGRAMS).filter((name) => name !== other)
  return names.map((name) => createManager(stage, major, name))
}

function createManager({ folder, machines }, major, name) {
  const { bin: node, env } = machines[major]
  const command = name.split(' ')[0].toLowerCase()
  const bin = join(folder, 'bin', major, name)
  mkdirSync(bin, { recursive: true })
  symlinkSync(inRoot(PROGRAMS[name]), join(bin, command))
  symlinkSync('/bin/sh', join(bin, 'sh'))
  const isYarn4 = name === 'Yarn 4'

  return {
    name,
    major,
    /** Makes an empty project. Without `compilers`, PATH has only Node, the package manager and a shell. */
    project(title, { compilers = true } = {}) {
      const cwd = join(folder, 'projects', major, name, title)
      mkdirSync(cwd, { recursive: true })
      writeFileSync(join(cwd, 'package.json'), '{ "private": true }\n')
      // Without this file, Yarn looks for a project in the parent folders.
      if (isYarn4) writeFileSync(join(cwd, 'yarn.lock'), '')
      const path = [bin, compilers ? env.PATH : node].join(delimiter)
      const options = { cwd, env: { ...env, PATH: path } }
      return {
        folder: cwd,
        write: (file, text) => writeFileSync(join(cwd, file), text),
        add: (...packages) => succeed(command, [command === 'npm' ? 'install' : 'add', ...packages], options),
        /** Runs a program of the project to its end. @returns what it printed */
        program: (file) => succeed(...(isYarn4 ? ['yarn', ['node', file]] : ['node', [file]]), options),
        /** Runs a shell line. */
        type: (line) => succeed('sh', ['-c', line], options),
      }
    },
  }
}

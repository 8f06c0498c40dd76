import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { run, succeed } from '@sock/tools/processes'
import { fetchNode, NODES } from '../../checks/nodes.mjs'
import { inRoot } from '../repository.mjs'

const { resolve } = createRequire(import.meta.url)
const fileOf = (name, file) => join(dirname(resolve(`${name}/package.json`)), file)

/**
 * The package managers to try. The current npm needs a newer Node than our oldest, and so does `require` of an ES module in
 * the archives of Yarn 4.
 */
export async function createManagers(stage) {
  const here = { bin: dirname(process.execPath), env: {} }
  const newest = await newestNode(here)
  return [
    createManager(stage, 'npm', newest, 'npm', `node "${fileOf('npm', 'bin/npm-cli.js')}"`),
    createManager(stage, 'pnpm', here, 'pnpm', `"${inRoot('node_modules/.bin/pnpm')}"`),
    createManager(stage, 'Yarn 1', here, 'yarn', `node "${fileOf('yarn', 'bin/yarn.js')}"`),
    createManager(stage, 'Yarn 4', newest, 'yarn', `node "${fileOf('@yarnpkg/cli-dist', 'bin/yarn.js')}"`),
  ]
}

/** Returns the Node of this process, or the newest that is tested, with its headers for compilations. */
async function newestNode(here) {
  const newest = Math.max(...Object.keys(NODES).map(Number))
  if (Number.parseInt(process.versions.node, 10) >= newest) return here
  const home = await fetchNode(NODES[newest])
  return { bin: join(home, 'bin'), env: { npm_config_nodedir: home } }
}

function createManager(stage, name, node, command, script) {
  const bin = join(stage.folder, 'bin', name)
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, command), `#!/bin/sh\nexec ${script} "$@"\n`)
  chmodSync(join(bin, command), 0o755)
  const folder = join(stage.folder, 'projects', name.replace(' ', '-').toLowerCase())
  const isYarn4 = name === 'Yarn 4'

  return {
    name,
    folder,
    /** The option that turns off install scripts. */
    withoutScripts: isYarn4 ? '--mode=skip-build' : '--ignore-scripts',
    /** Makes an empty project. @param first a folder that comes first in PATH */
    project(title, first = bin) {
      const cwd = join(folder, title)
      mkdirSync(cwd, { recursive: true })
      writeFileSync(join(cwd, 'package.json'), '{ "private": true }\n')
      // Without this file, Yarn looks for a project in the parent folders.
      if (isYarn4) writeFileSync(join(cwd, 'yarn.lock'), '')
      const path = [first, bin, node.bin, stage.env.PATH].join(delimiter)
      const options = { cwd, env: { ...stage.env, ...node.env, PATH: path } }
      return {
        folder: cwd,
        write: (file, text) => writeFileSync(join(cwd, file), text),
        add: (...packages) => run(command, [command === 'npm' ? 'install' : 'add', ...packages], options),
        /** Runs a program of the project to its end. @returns what it printed */
        program: (file) => succeed(...(isYarn4 ? ['yarn', ['node', file]] : ['node', [file]]), options),
        /** Runs a shell line. */
        type: (line) => succeed('sh', ['-c', line], options),
      }
    },
  }
}

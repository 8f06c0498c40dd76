import { chmodSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { run, succeed } from '@sock/tools/processes'
import { fetchNode, NODES } from '../../checks/nodes.mjs'
import { inRoot, readJson } from '../repository.mjs'

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
        add: (...packages) => run(command, [command === 'npm' ? 'install' : 'add', ...packages], options),
        installed: () => (isYarn4 ? installedByLock(cwd) : installedInFolders(cwd)),
        /** Runs a program of the project to its end. @returns what it printed */
        program: (file, ...args) =>
          isYarn4
            ? succeed('yarn', ['node', ...args, file], options)
            : succeed('node', [...args, file], options),
        /** Runs a shell line. */
        type: (line) => succeed('sh', ['-c', line], options),
      }
    },
  }
}

/** Lists the packages in `node_modules` as `name@version`, sorted. A package with two copies is listed twice. pnpm uses links. */
function installedInFolders(project) {
  const entries = readdirSync(join(project, 'node_modules'), { recursive: true, withFileTypes: true })
  const manifests = entries
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\/node_modules\/(@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path))
  // Since Node 26 it follows links, and may find one folder by several paths.
  return [...new Set(manifests.map((path) => realpathSync(path)))]
    .map(readJson)
    .map(({ name, version }) => `${name}@${version}`)
    .toSorted()
}

/** Lists the packages in the lock file: Yarn 4 has no folders. */
function installedByLock(project) {
  const entries = readFileSync(join(project, 'yarn.lock'), 'utf8').matchAll(
    /^ {2}version: (\S+)\n {2}resolution: "(.+?)@npm:/gm,
  )
  return [...entries].map(([, version, name]) => `${name}@${version}`).toSorted()
}

import { chmodSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { run, succeed } from '@sock/tools/processes'
import { fetchNode, NODES } from '../../checks/nodes.mjs'
import { inRoot, readJson } from '../repository.mjs'

const { resolve } = createRequire(import.meta.url)
const fileOf = (name, file) => join(dirname(resolve(`${name}/package.json`)), file)

/**
 * All package managers that are tried. The current npm needs a newer Node than the oldest that is supported, and so does
 * `require` of an ES module in the archives of Yarn 4.
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

/** The Node of this process, or the newest that is tested; with its headers, for what is compiled. */
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
    /** What keeps the scripts of dependencies from running. */
    withoutScripts: isYarn4 ? '--mode=skip-build' : '--ignore-scripts',
    /** Makes an empty project. @param first a folder with programs that take the place of all others */
    project(title, first = bin) {
      const cwd = join(folder, title)
      mkdirSync(cwd, { recursive: true })
      writeFileSync(join(cwd, 'package.json'), '{ "private": true }\n')
      // Otherwise Yarn looks for a project further up.
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
        /** Runs what a user would type. */
        type: (line) => succeed('sh', ['-c', line], options),
      }
    },
  }
}

/** What lies in `node_modules`, as `name@version`, sorted: what is there twice is listed twice. pnpm links from elsewhere. */
function installedInFolders(project) {
  const entries = readdirSync(join(project, 'node_modules'), { recursive: true, withFileTypes: true })
  const manifests = entries
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\/node_modules\/(@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path))
  // From Node 26 on it follows links, so that one place may be found in several ways.
  return [...new Set(manifests.map((path) => realpathSync(path)))]
    .map(readJson)
    .map(({ name, version }) => `${name}@${version}`)
    .toSorted()
}

/** Yarn 4 has no folders to look at. */
function installedByLock(project) {
  const entries = readFileSync(join(project, 'yarn.lock'), 'utf8').matchAll(
    /^ {2}version: (\S+)\n {2}resolution: "(.+?)@npm:/gm,
  )
  return [...entries].map(([, version, name]) => `${name}@${version}`).toSorted()
}

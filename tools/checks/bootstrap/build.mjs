import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { Failure } from './failure.mjs'
import { fingerprint } from './fingerprint.mjs'
import { stamp } from './stamp.mjs'
import { turbo } from './turbo.mjs'
import { inRoot, readJson, workspaces } from './workspace.mjs'

const TSC = inRoot('node_modules/typescript/bin/tsc')

/**
 * Builds one program of the workspace and what it depends on. Starting turbo costs a second even when it has nothing to
 * do, so it is not started when sources and results are, to the byte, what the last build left.
 */
export async function buildProgram(name) {
  const folders = workspaces().map(({ folder }) => folder)
  const sourcePaths = ['package.json', 'pnpm-lock.yaml', 'tsconfig.base.json', 'turbo.json']
  for (const folder of folders)
    for (const part of ['src', 'c', 'build.mjs', 'compile.mjs', 'package.json', 'tsconfig.build.json'])
      sourcePaths.push(`${folder}/${part}`)
  const results = () => fingerprint(folders.flatMap((folder) => [`${folder}/dist`, `${folder}/build`]))

  // Per program: what one needs is no word about another.
  const built = stamp(`built-${name.replace('@sock/', '')}`)
  // Taken before the build: a file that is saved meanwhile must not count as built.
  const sources = fingerprint(sourcePaths)
  if (built.says(`${sources} ${results()}`)) return

  console.error('Building (what did not change comes from the cache)')
  built.drop()
  const { code, output } = await turbo(['build', `--filter=${name}...`, '--output-logs=errors-only'], {
    show: false,
  })
  if (code !== 0) throw new Failure('Could not build: the messages are above.', output)
  built.write(`${sources} ${results()}`)
}

/** Builds the package in `folder` and what it depends on; one of plain JavaScript needs nothing. */
export async function buildPackage(folder) {
  // What only its tests need is no project that its own refers to.
  const needed = Object.keys(readJson(join(folder, 'package.json')).devDependencies ?? {})
  for (const { folder: other } of workspaces().filter(({ manifest }) => needed.includes(manifest.name)))
    await buildPackage(inRoot(other))
  const project = join(folder, 'tsconfig.build.json')
  // `tsc -b` follows the project references by itself, and costs half of what turbo does.
  if (existsSync(project)) await build([TSC, '-b', project])
  const native = join(folder, 'build.mjs')
  if (existsSync(native)) await build([native, '--checked', '--if-possible'])
}

/** Compiles the native engine as it is published, without the checks that tests run with: for what measures. */
export async function buildRelease() {
  const native = inRoot('packages/native/build.mjs')
  if (existsSync(native)) await build([native, '--if-possible'])
}

/** Builds a program without what it depends on, and without looking at its types: not all that it imports need be there. */
export async function buildAlone(folder) {
  await build([TSC, '-p', inRoot(folder, 'tsconfig.alone.json')])
}

async function build(command) {
  const { code, output } = await run(process.execPath, command)
  if (code !== 0) throw new Failure('Could not build: the messages are above.', output)
}

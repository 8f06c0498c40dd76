import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { Failure } from './failure.mjs'
import { fingerprint } from './fingerprint.mjs'
import { stamp } from './stamp.mjs'
import { turbo } from './turbo.mjs'
import { inRoot, workspaces } from './workspace.mjs'

/**
 * Builds one program of the workspace and what it depends on. Starting turbo costs a second even when it has nothing to
 * do, so it is not started when sources and results are, to the byte, what the last build left.
 */
export async function buildProgram(name) {
  const folders = workspaces().map(({ folder }) => folder)
  const sourcePaths = ['package.json', 'pnpm-lock.yaml', 'tsconfig.base.json', 'turbo.json']
  for (const folder of folders)
    sourcePaths.push(`${folder}/src`, `${folder}/package.json`, `${folder}/tsconfig.build.json`)
  const results = () => fingerprint(folders.map((folder) => `${folder}/dist`))

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
  const project = join(folder, 'tsconfig.build.json')
  if (!existsSync(project)) return
  // `tsc -b` follows the project references by itself, and costs half of what turbo does.
  const { code, output } = await run(process.execPath, [
    inRoot('node_modules/typescript/bin/tsc'),
    '-b',
    project,
  ])
  if (code !== 0) throw new Failure('Could not build: the messages are above.', output)
}

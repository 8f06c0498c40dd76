import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot, root } from '../../checks/bootstrap/workspace.mjs'
import { buildTarget, canBuild, isFresh, placeOf, TARGETS } from './targets.mjs'

/**
 *   (nothing)   for this machine and this clone, from source
 *   --all       what the packages of all platforms contain
 *   <name>…     what those of some contain: linux-x64-gnu and so on
 */
export async function build(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { all: { type: 'boolean', default: false } },
  })
  const names = values.all ? Object.keys(TARGETS) : positionals
  checkNames(names)
  if (names.length === 0) return buildHere()
  for (const name of names) {
    await buildTarget(name)
    console.log(relative(root, placeOf(name)))
  }
}

/** What packing some platforms needs: their binaries, none older than its sources. Says nothing where it succeeds. */
export async function prepack(names) {
  checkNames(names)
  for (const name of names) {
    if (!isFresh(placeOf(name))) await buildTarget(name)
  }
}

/**
 * The same for all platforms where it takes nothing that would have to be fetched or installed.
 *
 * @returns the names of the others, which lack a compiler or headers
 */
export async function prepackPossible() {
  const names = Object.keys(TARGETS)
  const possible = names.filter(canBuild)
  await prepack(possible)
  return names.filter((name) => !possible.includes(name))
}

function checkNames(names) {
  for (const name of names) {
    if (!Object.hasOwn(TARGETS, name))
      throw new Failure(`Cannot build "${name}": known are ${Object.keys(TARGETS).join(', ')}`)
  }
}

async function buildHere() {
  const program = inRoot('packages/native/build.mjs')
  const { code } = await run(process.execPath, [program, '-g'], { show: true })
  if (code !== 0) throw new Failure('Cannot build: the messages are above.')
}

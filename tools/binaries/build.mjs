import { parseArgs } from 'node:util'
import { run } from '../bootstrap/child.mjs'
import { Failure } from '../bootstrap/failure.mjs'
import { inRoot } from '../bootstrap/workspace.mjs'
import { buildTarget, TARGETS } from './targets.mjs'

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
  for (const name of names) {
    if (!Object.hasOwn(TARGETS, name))
      throw new Failure(`Cannot build "${name}": known are ${Object.keys(TARGETS).join(', ')}`)
  }
  if (names.length === 0) return buildHere()
  for (const name of names) {
    await buildTarget(name)
    console.log(`packages/native/npm/${name}/sock_native.node`)
  }
}

async function buildHere() {
  const program = inRoot('packages/native/build.mjs')
  const { code } = await run(process.execPath, [program, '-g'], { show: true })
  if (code !== 0) throw new Failure('Cannot build: the messages are above.')
}

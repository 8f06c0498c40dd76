import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { headers } from '../../packages/native/compile.mjs'
import { run } from '../bootstrap/child.mjs'
import { Failure } from '../bootstrap/failure.mjs'
import { inRoot } from '../bootstrap/workspace.mjs'

const SOURCE = inRoot('tools/binaries/fuzz/addresses.c')
const FLAGS = ['-std=gnu11', '-g', '-O1', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function']
/** Only a part of the addon is there: what is not used must not ask for the rest. */
const GCC = ['-fsanitize=address,undefined', '-ffunction-sections', '-Wl,--gc-sections']
const CLANG = [
  '-DWITH_LIBFUZZER',
  '-fsanitize=fuzzer,address,undefined',
  '-no-pie',
  '-Wl,--unresolved-symbols=ignore-all',
]
const INPUTS = 2_000_000

/** Random input for addresses and control messages: the same each time, and with libFuzzer as well where there is clang. */
export async function checkFuzz() {
  await fuzz('gcc', GCC, (inputs) => [`${inputs}`], INPUTS)
  const clang = ['clang', 'clang-19'].find((name) => spawnSync(name, ['--version']).status === 0)
  if (clang === undefined) console.log('libFuzzer: skipped, since there is no clang')
  else await fuzz(clang, CLANG, (inputs) => [`-runs=${inputs}`, '-max_len=160', '-verbosity=0'], INPUTS)
}

/** @param argumentsFor the program's own, for a number of inputs */
async function fuzz(compiler, flags, argumentsFor, inputs) {
  const program = inRoot('.cache/binaries', `fuzz-${compiler}`)
  mkdirSync(dirname(program), { recursive: true })
  const options = ['-fno-sanitize-recover=undefined', `-I${headers()}`, SOURCE, '-o', program]
  const { code, output } = await run(compiler, [...FLAGS, ...flags, ...options])
  if (code !== 0) throw new Failure(`Cannot compile what ${compiler} should`, output)
  const result = await run(program, argumentsFor(inputs))
  if (result.code !== 0) throw new Failure('The addon does not stand random input: see above.', result.output)
  console.log(`${compiler}: ${inputs} inputs`)
}

import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { headers } from '../../../packages/native/compile.mjs'
import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'

const SOURCE = inRoot('tools/release/binaries/fuzz/addresses.c')
const FLAGS = [
  '-std=gnu11',
  '-DSOCK_CHECKED',
  '-g',
  '-O1',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wno-unused-function',
]
/** Only a part of the addon is there: what is not used must not ask for the rest. */
const COMPILERS = {
  gcc: {
    flags: ['-fsanitize=address,undefined', '-ffunction-sections', '-Wl,--gc-sections'],
    argumentsFor: (inputs) => [`${inputs}`],
  },
  clang: {
    flags: [
      '-DWITH_LIBFUZZER',
      '-fsanitize=fuzzer,address,undefined',
      '-no-pie',
      '-Wl,--unresolved-symbols=ignore-all',
    ],
    argumentsFor: (inputs) => [`-runs=${inputs}`, '-max_len=160', '-verbosity=0'],
  },
}
const INPUTS = 2_000_000

/** Random input for addresses and control messages: the same each time, and with libFuzzer as well where there is clang. */
export async function checkFuzz() {
  for (const compiler of Object.keys(COMPILERS)) {
    if (await fuzz(compiler, INPUTS)) console.log(`${compiler}: ${INPUTS} inputs`)
    else console.log(`${compiler}: skipped, since it is not there`)
  }
}

/** @returns whether there is such a compiler; throws for input that the addon does not stand */
export async function fuzz(compiler, inputs) {
  if (spawnSync(compiler, ['--version']).status !== 0) return false
  const { flags, argumentsFor } = COMPILERS[compiler]
  const program = inRoot('.cache/binaries', `fuzz-${compiler}`)
  mkdirSync(dirname(program), { recursive: true })
  const options = ['-fno-sanitize-recover=undefined', `-I${headers()}`, SOURCE, '-o', program]
  const { code, output } = await run(compiler, [...FLAGS, ...flags, ...options])
  if (code !== 0) throw new Failure(`Cannot compile ${SOURCE} with ${compiler}`, output)
  const result = await run(program, argumentsFor(inputs))
  if (result.code !== 0) throw new Failure('The addon does not stand random input: see above.', result.output)
  return true
}

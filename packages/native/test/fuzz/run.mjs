import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHECKED, headers } from '../../compile.mjs'

/*
 * node run.mjs <inputs>
 *
 * Feeds random input to what the addon parses, with sanitizers: with gcc the same input each time, with clang also the input
 * of libFuzzer. Prints a line for each compiler, and exits with 1 if one finds an error or none is installed.
 */
const COMPILERS = {
  // Only a part of the addon is linked here, so drop unused functions that need the rest.
  gcc: {
    flags: ['-fsanitize=address,undefined', '-ffunction-sections', '-Wl,--gc-sections'],
    args: (inputs) => [inputs],
    stderr: 'inherit',
  },
  clang: {
    flags: ['-DWITH_LIBFUZZER', '-fsanitize=fuzzer,address,undefined', '-no-pie'].concat(
      '-Wl,--unresolved-symbols=ignore-all',
    ),
    args: (inputs) => [`-runs=${inputs}`, '-max_len=160', '-verbosity=0'],
    // libFuzzer says there what it does, also if it finds nothing. So it goes to stdout.
    stderr: 1,
  },
}
const FLAGS = [
  '-std=gnu11',
  CHECKED,
  '-g',
  '-O1',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wno-unused-function',
].concat('-fno-sanitize-recover=undefined', `-I${headers()}`)

const [inputs] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'sock-fuzz-'))
process.once('exit', () => rmSync(folder, { recursive: true }))
const outcomes = Object.entries(COMPILERS).map(([compiler, { flags, args, stderr }]) => {
  const stdio = ['inherit', 'inherit', stderr]
  const succeeds = (program, programArgs) => spawnSync(program, programArgs, { stdio }).status === 0
  if (spawnSync(compiler, ['--version']).status !== 0) {
    console.log(`${compiler}: skipped, since it is not installed`)
    return undefined
  }
  const program = join(folder, compiler)
  const isGood =
    succeeds(compiler, [...FLAGS, ...flags, join(import.meta.dirname, 'addresses.c'), '-o', program]) &&
    succeeds(program, args(inputs))
  console.log(`${compiler}: ${isGood ? `nothing found in ${inputs} inputs` : 'failed, see above'}`)
  return isGood
})
process.exitCode = outcomes.includes(true) && !outcomes.includes(false) ? 0 : 1

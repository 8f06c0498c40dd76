// Compiles the addon with the installed C compiler: `node build.mjs [--checked] [--if-possible] [--pack] [flag…]`.
// Flags are passed to the compiler. `--checked` is for tests: the addon aborts the process on an internal error. Without a
// compiler, or not on Linux, this fails, unless `--if-possible` is given. `--pack` puts the binary into `dist`, which is
// packed, for a moment.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKED, compile, headers, sources } from './compile.mjs'

const folder = import.meta.dirname
const isPacking = process.argv.includes('--pack')
const target = join(folder, isPacking ? 'dist/lib' : 'build', 'sock_native.node')
/** Records the compiler and the flags of the existing binary. */
const note = `${target}.flags`
const inputs = [...sources, import.meta.filename, join(folder, 'compile.mjs')]

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

const compiler = process.env['CC'] ?? 'cc'
const given = process.argv.slice(2)
const further = given.filter((flag) => !['--checked', '--if-possible', '--pack'].includes(flag))
const flags = given.includes('--checked') ? [CHECKED, ...further] : further
const wanted = JSON.stringify([compiler, ...flags])
const isFresh = () => inputs.every((path) => changed(path) < changed(target)) && noted() === wanted

function noted() {
  return changed(note) === 0 ? undefined : readFileSync(note, 'utf8')
}

const mayBeMissing = given.includes('--if-possible')
if (process.platform !== 'linux') {
  console.error(`@sock/native: not compiled, since the engine needs Linux and this is ${process.platform}`)
  if (!mayBeMissing) process.exitCode = 1
} else if (headers() === undefined) {
  console.error('@sock/native: not compiled, since the package "node-api-headers" is missing. Install it')
  process.exitCode = 1
} else if (isPacking || !isFresh()) {
  const isThere = compile(compiler, flags, target)
  if (isThere && !isPacking) writeFileSync(note, wanted)
  if (isThere === undefined) {
    const whatNow = mayBeMissing ? 'Its tests are skipped' : 'Install one, or set CC to another'
    console.error(`@sock/native: not compiled, since the C compiler "${compiler}" is missing. ${whatNow}`)
  }
  if (isThere === false || (isThere === undefined && !mayBeMissing)) process.exitCode = 1
}

// Compiles the addon with the C compiler that is there: `node build.mjs [--checked] [--if-possible] [flag…]`, flags being further
// ones of the compiler. Where tests run, it is checked: it ends the process where something is wrong with itself. Where there is
// no compiler, or no Linux, this fails, unless it is to compile if possible.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKED, compile, headers, sources } from './compile.mjs'

const folder = import.meta.dirname
const target = join(folder, 'build', 'sock_native.node')
/** What the one that is there was compiled with. */
const note = `${target}.flags`
const inputs = [...sources, import.meta.filename, join(folder, 'compile.mjs')]

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

const compiler = process.env['CC'] ?? 'cc'
const given = process.argv.slice(2)
const further = given.filter((flag) => flag !== '--checked' && flag !== '--if-possible')
const flags = given.includes('--checked') ? [CHECKED, ...further] : further
const wanted = JSON.stringify([compiler, ...flags])
const isFresh = () => inputs.every((path) => changed(path) < changed(target)) && noted() === wanted

function noted() {
  return changed(note) === 0 ? undefined : readFileSync(note, 'utf8')
}

const mayBeMissing = given.includes('--if-possible')
if (process.platform !== 'linux') {
  console.error(`@sock/native: not compiled, since this is ${process.platform} and the engine is for Linux`)
  if (!mayBeMissing) process.exitCode = 1
} else if (headers() === undefined) {
  console.error('@sock/native: not compiled, since there is no package "node-api-headers"')
  process.exitCode = 1
} else if (!isFresh()) {
  const isThere = compile(compiler, flags, target)
  if (isThere) writeFileSync(note, wanted)
  if (isThere === undefined) {
    const whatNow = mayBeMissing ? '; its tests are skipped' : ': install one, or name another in CC'
    console.error(`@sock/native: not compiled, since there is no C compiler "${compiler}"${whatNow}`)
  }
  if (isThere === false || (isThere === undefined && !mayBeMissing)) process.exitCode = 1
}

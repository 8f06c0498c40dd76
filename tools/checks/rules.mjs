// `node rules.mjs [folder]` prints what breaks a rule of the repository, and fails then. Which package may import which is a
// rule of lint: see .oxlintrc.json.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './repository.mjs'

const [, , folder = root] = process.argv
const git = (...args) =>
  spawnSync('git', args, { cwd: folder, encoding: 'utf8' }).stdout.split('\n').filter(Boolean)

/** Nothing may hold only on the machine where it was written. Extended regular expressions that do not match themselves. */
const FORBIDDEN = {
  'absolute path of one machine': '(^|[^[:alnum:]_.~-])/(work|root|home)/',
  'host of a registry': '(^|[^[:alnum:]_])registry[.][[:alnum:]_-]+[.](org|com|net|io|dev)',
  'setting of a registry': '^ *([[:alnum:]_@-]+:)?registry *[=:] *["\']?https?:|^ *tarball:',
}
// What git tracks or would track: a file is judged before it is committed.
const problems = Object.entries(FORBIDDEN).flatMap(([what, pattern]) =>
  git('grep', '--untracked', '-nIE', '-e', pattern).map((line) => `${what}: ${line}`),
)

/** An entry point, `src/<name>.ts`, only re-exports: what a package offers is read in one place. */
const ENTRY_POINTS = ':(glob)packages/*/src/*.ts'
const COMMENT = /\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm
const RE_EXPORT =
  /export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'(?:\.\/lib\/[^']+\.js|@sock\/core)';?/g

for (const path of git('ls-files', '--cached', '--others', '--exclude-standard', ENTRY_POINTS)) {
  if (!existsSync(join(folder, path))) continue
  const rest = readFileSync(join(folder, path), 'utf8').replace(COMMENT, '').replace(RE_EXPORT, '').trim()
  if (rest)
    problems.push(
      `entry point that does more than re-export from './lib/…' or '@sock/core': ${path}: ${rest}`,
    )
}

/** A test stands where its source does and is called like it, or says by its last word what it tests several together for. */
const TESTS = ':(glob)packages/*/test/**/*.test.ts'
const TOGETHER = /(^|[/-])(conformance|counterparts|faults|interleavings|property|scenarios)\.test\.ts$/

for (const path of git('ls-files', '--cached', '--others', '--exclude-standard', TESTS)) {
  if (!existsSync(join(folder, path)) || TOGETHER.test(path)) continue
  const source = path.replace('/test/', '/src/lib/').replace(/\.test\.ts$/, '.ts')
  if (!existsSync(join(folder, source)))
    problems.push(`test without a source of that name, or a last word like -scenarios: ${path}`)
}

if (problems.length) console.log(problems.join('\n'))
process.exitCode = problems.length ? 1 : 0

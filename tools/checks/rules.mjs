// `node rules.mjs [folder]` prints each file that breaks a rule of the repository, and then fails. Lint checks which package
// may import which: see .oxlintrc.json.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './repository.mjs'

const [, , folder = root] = process.argv
const git = (...args) =>
  spawnSync('git', args, { cwd: folder, encoding: 'utf8' }).stdout.split('\n').filter(Boolean)

/** Text that belongs to one machine. These are extended regular expressions that do not match themselves. */
const FORBIDDEN = {
  'absolute path of one machine': '(^|[^[:alnum:]_.~-])/(work|root|home)/',
  'host of a registry': '(^|[^[:alnum:]_])registry[.][[:alnum:]_-]+[.](org|com|net|io|dev)',
  'setting of a registry': '^ *([[:alnum:]_@-]+:)?registry *[=:] *["\']?https?:|^ *tarball:',
}
// Also files that are not committed yet.
const problems = Object.entries(FORBIDDEN).flatMap(([what, pattern]) =>
  git('grep', '--untracked', '-nIE', '-e', pattern).map((line) => `${what}: ${line}`),
)

/** An entry point, `src/<name>.ts`, only re-exports, so that it lists all that a package exports. */
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

/** A test has the folder and name of its source. The last word of any other test's name says what it tests together. */
const TESTS = ':(glob)packages/*/test/**/*.test.ts'
const TOGETHER = /(^|[/-])(conformance|counterparts|faults|interleavings|property)\.test\.ts$/

for (const path of git('ls-files', '--cached', '--others', '--exclude-standard', TESTS)) {
  if (!existsSync(join(folder, path)) || TOGETHER.test(path)) continue
  const source = path.replace('/test/', '/src/lib/').replace(/\.test\.ts$/, '.ts')
  if (!existsSync(join(folder, source)))
    problems.push(`test without a source of that name, or a last word like -faults: ${path}`)
}

if (problems.length) console.log(problems.join('\n'))
process.exitCode = problems.length ? 1 : 0

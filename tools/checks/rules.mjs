// `node rules.mjs [folder]` prints each file that breaks a rule of the repository, and then fails. Lint checks which package
// may import which: see .oxlintrc.json.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles, root } from './repository.mjs'

const [, , folder = root] = process.argv

/** Text that belongs to one machine: paths, hosts and settings. These are extended regular expressions that do not match themselves. */
const FORBIDDEN = [
  '(^|[^[:alnum:]_.~-])/(work|root|home)/',
  '(^|[^[:alnum:]_])registry[.][[:alnum:]_-]+[.](org|com|net|io|dev)',
  '^ *([[:alnum:]_@-]+:)?registry *[=:] *["\']?https?:|^ *tarball:',
].flatMap((pattern) => ['-e', pattern])
// Also files that are not committed yet.
const grep = ['grep', '--untracked', '-nIE', ...FORBIDDEN]
const found = spawnSync('git', grep, { cwd: folder, encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
const problems = found.map((line) => `path or registry of one machine: ${line}`)

/** An entry point, `src/<name>.ts`, only re-exports, so that it lists all that a package exports. */
const ENTRY_POINTS = ':(glob)packages/*/src/*.ts'
const COMMENT = /\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm
const RE_EXPORT =
  /export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'(?:\.\/lib\/[^']+\.js|@sock\/core)';?/g

for (const path of listFiles(folder, ENTRY_POINTS)) {
  const rest = readFileSync(join(folder, path), 'utf8').replace(COMMENT, '').replace(RE_EXPORT, '').trim()
  if (rest)
    problems.push(
      `entry point that does more than re-export from './lib/…' or '@sock/core': ${path}: ${rest}`,
    )
}

/** A test has the folder and name of its source. The last word of any other test's name says what it tests together. */
const TESTS = ':(glob)packages/*/test/**/*.test.ts'
const TOGETHER = /(^|[/-])(conformance|counterparts|faults|interleavings|property)\.test\.ts$/

for (const path of listFiles(folder, TESTS)) {
  const source = path.replace('/test/', '/src/lib/').replace(/\.test\.ts$/, '.ts')
  if (!TOGETHER.test(path) && !existsSync(join(folder, source)))
    problems.push(`test without a source of that name, or a last word like -faults: ${path}`)
}

if (problems.length) console.log(problems.join('\n'))
process.exitCode = problems.length ? 1 : 0

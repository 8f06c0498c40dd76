// `node rules.mjs [folder]` prints each file that breaks a rule of the repository, and then fails. Lint checks which package
// may import which: see .oxlintrc.json.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { listFiles, readJson, root } from './repository.mjs'

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

/**
 * What a change file may say of a package: see docs/stability.md. A caret range such as `^0.1.0` ends at 0.2.0, so until 1.0.0
 * `minor` is for what may break a program. A package without a release has one change file, the text of its first changelog.
 */
function problemOf(path, name, kind, text) {
  const short = name.replace('@sock/', '')
  const manifest = join(folder, 'packages', short, 'package.json')
  if (!existsSync(manifest)) return `there is no ${name} that has a changelog`
  const { version } = readJson(manifest)
  const first = `.changeset/first-${short}.md`
  const breaks = `what may break a program of ${name}`
  if (version === '0.0.0' && path !== first)
    return `${name} has no release yet, so what it has belongs to ${first}`
  if (version === '0.0.0' && kind !== 'minor') return `the first release is 0.1.0: minor, not ${kind}`
  if (version === '0.0.0' || !version.startsWith('0.')) return undefined
  if (kind === 'major') return `until 1.0.0, ${breaks} is minor`
  if (kind === 'minor' && !text.startsWith('Breaking: '))
    return `until 1.0.0, minor is for ${breaks}, and begins with "Breaking: "; the rest is patch`
  return undefined
}

for (const path of listFiles(folder, ':(glob).changeset/*.md')) {
  if (basename(path) === 'README.md') continue
  const [, head, text = ''] =
    /^---\n([^]*?)^---\s*([^]*)/m.exec(readFileSync(join(folder, path), 'utf8')) ?? []
  for (const [, name, kind] of head?.matchAll(/^['"](.+)['"]: (\w+)$/gm) ?? []) {
    const problem = problemOf(path, name, kind, text)
    if (problem !== undefined) problems.push(`change file ${path}: ${problem}`)
  }
}

if (problems.length) console.log(problems.join('\n'))
process.exitCode = problems.length ? 1 : 0

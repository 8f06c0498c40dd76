import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { inRoot, root } from './bootstrap/workspace.mjs'
import { boundaries } from './rules/boundaries.mjs'
import { doors } from './rules/doors.mjs'
import { portable } from './rules/portable.mjs'

/** Each rule is a function of one file, `(path, text) => string[]`, and says what is wrong with it. */
const rules = [portable, doors, boundaries]

/** Everything in the repository that breaks a rule, as lines `path: what is wrong`. */
export function findViolations() {
  return trackedFiles().flatMap((path) => {
    const text = readFileSync(inRoot(path), 'utf8')
    return rules.flatMap((rule) => rule(path, text)).map((problem) => `${path}: ${problem}`)
  })
}

/** What git tracks or would track, so that a file is judged before it is committed; without what is deleted but not yet committed. */
function trackedFiles() {
  const list = (...options) =>
    execFileSync('git', ['ls-files', '-z', ...options], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter(Boolean)
  const deleted = new Set(list('--deleted'))
  return [...new Set(list('--cached', '--others', '--exclude-standard'))].filter((path) => !deleted.has(path))
}

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bootstrap/workspace.mjs'

/**
 * Everything that git tracks or would track, as it is now: hashes of the contents by path. Contents and not `git status`,
 * so that whoever has changes of his own is not told of them.
 */
export function readTree(folder = root) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const paths = execFileSync('git', list, { cwd: folder, encoding: 'utf8' }).split('\0').filter(Boolean)
  return new Map([...new Set(paths)].map((path) => [path, hashOf(join(folder, path))]))
}

/** What is different, as lines `path: what happened to it`. */
export function compareTrees(before, after) {
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted((a, b) => (a < b ? -1 : 1))
  return paths
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path}: ${nameOf(before.get(path), after.get(path))}`)
}

function nameOf(before, after) {
  if (before === undefined) return 'appeared'
  return after === undefined ? 'disappeared' : 'changed'
}

/** `undefined` for a file that was deleted, which git lists all the same until that is committed. */
function hashOf(path) {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  // A link is what it points to, and a repository in a folder is not looked into.
  const content = stats.isSymbolicLink() ? readlinkSync(path) : stats.isFile() ? readFileSync(path) : ''
  return createHash('sha256').update(content).digest('hex')
}

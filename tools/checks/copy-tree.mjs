import { execFileSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot, root } from './repository.mjs'

/** Copies the repository: the files that git tracks or would track, with their changes, without anything installed or built. */
export function copyTree(folder) {
  const git = (cwd, ...args) => execFileSync('git', args, { cwd, encoding: 'utf8' })
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  for (const path of git(root, ...list).split('\0')) {
    // git lists a deleted file until the deletion is committed.
    if (path !== '' && existsSync(inRoot(path))) cpSync(inRoot(path), join(folder, path))
  }
  git(folder, 'init', '--quiet')
  git(folder, 'add', '--all')
}

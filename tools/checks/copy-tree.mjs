import { execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot, listFiles, root } from './repository.mjs'

/** Copies the repository: the files that git tracks or would track, with their changes, without anything installed or built. */
export function copyTree(folder) {
  for (const path of listFiles(root)) cpSync(inRoot(path), join(folder, path))
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  execFileSync('git', ['add', '--all'], { cwd: folder })
}

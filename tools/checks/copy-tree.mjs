import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './bootstrap/child.mjs'
import { Failure } from './bootstrap/failure.mjs'
import { inRoot, root } from './bootstrap/workspace.mjs'

/** Copies, as a repository of its own, what git knows or would add: sources as they are now, and nothing that was installed or built. */
export async function copyTree(folder) {
  const listed = await git(
    root,
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
  )
  for (const path of listed.split('\0')) {
    // A file that was deleted and not yet committed is listed all the same.
    if (path !== '' && existsSync(inRoot(path))) cpSync(inRoot(path), join(folder, path))
  }
  await git(folder, 'init', '--quiet')
  await git(folder, 'add', '--all')
}

async function git(cwd, ...args) {
  const { code, output } = await run('git', args, { cwd })
  if (code !== 0) throw new Failure(`Cannot git ${args[0]} in ${cwd}`, output)
  return output
}

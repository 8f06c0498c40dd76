import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { copyTree } from '../../checks/copy-tree.mjs'

/** Who commits, whatever the machine is set to. */
export const identity = {
  GIT_AUTHOR_NAME: 'A newcomer',
  GIT_AUTHOR_EMAIL: 'newcomer@example.org',
  GIT_COMMITTER_NAME: 'A newcomer',
  GIT_COMMITTER_EMAIL: 'newcomer@example.org',
  GIT_CONFIG_GLOBAL: '/dev/null',
}

/**
 * Makes a repository that can be cloned like the one on the net: the working tree as it is now, committed.
 *
 * @returns its URL; from a path git would make hard links, and no clone that is sparse or shallow
 */
export async function createOrigin(folder) {
  mkdirSync(folder)
  await copyTree(folder)
  const git = (...args) => execFileSync('git', args, { cwd: folder, env: { ...process.env, ...identity } })
  git('commit', '--quiet', '--message', 'The working tree')
  git('branch', '--move', 'main')
  // As hosts of repositories have it.
  git('config', 'uploadpack.allowFilter', 'true')
  git('config', 'uploadpack.allowAnySHA1InWant', 'true')
  return pathToFileURL(folder).href
}

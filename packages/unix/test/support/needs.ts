import { it } from '@jest/globals'
import { spawnSync } from 'node:child_process'

type Body = () => Promise<void>

/** A test with a program that nobody here wrote; where it is missing, the test is skipped and says so. */
export function itWith(tool: string, name: string, body: Body): void {
  const isThere = spawnSync(tool, ['-V']).error === undefined
  if (isThere) it(name, body)
  else it.skip(`${name} (skipped: ${tool} is not installed)`, body)
}

/** A test about other users, which only root can become. */
export function itAsRoot(name: string, body: Body): void {
  if (process.getuid?.() === 0) it(name, body)
  else it.skip(`${name} (skipped: needs root)`, body)
}

/** The user that owns nothing. */
export const NOBODY = 65_534

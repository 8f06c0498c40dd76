import { it } from '@jest/globals'
import { spawnSync } from 'node:child_process'

type Body = () => Promise<void>

const hasPython = spawnSync('python3', ['-V']).status === 0

/** A test with a program that nobody here wrote; where it is missing, the test is skipped and says so. */
export function itWithPython(name: string, body: Body): void {
  if (hasPython) it(name, body)
  else it.skip(`${name} (skipped: python3 is not installed)`, body)
}

/** A test about other users, which only root can become. */
export function itAsRoot(name: string, body: Body): void {
  if (process.getuid?.() === 0) it(name, body)
  else it.skip(`${name} (skipped: needs root)`, body)
}

/** The user that owns nothing. */
export const NOBODY = 65_534

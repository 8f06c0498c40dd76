import { it } from '@jest/globals'
import { spawnSync } from 'node:child_process'

type Body = () => Promise<void>

/** The user that owns nothing. */
export const NOBODY = 65_534

/** Whether a program is installed. If not, warns that its tests are skipped. */
export function hasTool(name: string): boolean {
  const isThere = spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
  if (!isThere) console.warn(`${name} is not installed: its tests are skipped`)
  return isThere
}

/** A test that needs something. If that is missing, the test is skipped, and its name says why. */
function itIf(isPossible: boolean, reason: string, name: string, body: Body): void {
  if (isPossible) it(name, body)
  else it.skip(`${name} (skipped: ${reason})`, body)
}

/** A test against a program that is not part of this repository. */
export function itWith(tool: string, name: string, body: Body): void {
  itIf(hasTool(tool), `${tool} is not installed`, name, body)
}

/** A test about other users, which only root can become. */
export function itAsRoot(name: string, body: Body): void {
  itIf(process.getuid?.() === 0, 'needs root', name, body)
}

let canTrace: boolean | undefined

/** A test in which strace makes system calls fail. */
export function itWithStrace(name: string, body: Body): void {
  canTrace ??= spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
  itIf(canTrace, 'strace is not installed, or may not trace', name, body)
}

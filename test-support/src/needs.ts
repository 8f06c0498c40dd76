import { describe, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

type Body = () => Promise<void>

/** Whether a `describe` that is skipped lists its tests. */
let isSkipping = false

/** The user that owns nothing. */
export const NOBODY = 65_534

/** Whether a program is installed. If not, warns that its tests are skipped. */
export function hasTool(name: string): boolean {
  const isThere = spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
  if (!isThere) console.warn(`${name} is not installed: its tests are skipped`)
  return isThere
}

/** Like `it`. If something is missing, the tests are skipped, and their names say why. */
export function itIf(isPossible: boolean, reason: string): typeof it.skip {
  if (isPossible) return it
  const named = (name: unknown): string => `${String(name)} (skipped: ${reason})`
  const skipped = (name: unknown, ...rest: [Body]): void => it.skip(named(name), ...rest)
  const each = (table: readonly unknown[]) => (name: string, body: Body) =>
    it.skip.each(table)(named(name), body)
  return Object.assign(skipped, { each }) as unknown as typeof it.skip
}

/** Like `it`, for tests against a program that is not part of this repository. */
export function withTool(tool: string): typeof it.skip {
  return itIf(hasTool(tool), `${tool} is not installed`)
}

/** Like `describe`. If something is missing, its tests are skipped, and their names say why. */
export function describeIf(isPossible: boolean, reason: string): typeof describe.skip {
  if (isPossible) return describe
  const skipped = (name: unknown, body: () => void): void => {
    // Those inside are skipped, too; one reason is enough.
    if (isSkipping) return describe(String(name), body)
    isSkipping = true
    describe.skip(`${String(name)} (skipped: ${reason})`, body)
    isSkipping = false
  }
  return Object.assign(skipped, { each: describe.skip.each }) as typeof describe.skip
}

const unixgramFolder = fileURLToPath(new URL('../../packages/unixgram', import.meta.url))
/** pnpm removes it if it cannot be built. */
const isUnixDgramBuilt = existsSync(join(unixgramFolder, 'node_modules/unix-dgram'))
const NOT_BUILT = 'unix-dgram was not built; it needs a C++ compiler'

/** Like `describe` and `it`, for Unix datagrams without another engine. */
export const describeUnixDgram: typeof describe.skip = describeIf(isUnixDgramBuilt, NOT_BUILT)
export const itUnixDgram: typeof it.skip = itIf(isUnixDgramBuilt, NOT_BUILT)

/** A test against a program that is not part of this repository. */
export function itWith(tool: string, name: string, body: Body): void {
  withTool(tool)(name, body)
}

/** A test about other users, which only root can become. */
export function itAsRoot(name: string, body: Body): void {
  itIf(process.getuid?.() === 0, 'needs root')(name, body)
}

let canTrace: boolean | undefined

/** A test in which strace makes system calls fail. */
export function itWithStrace(name: string, body: Body): void {
  canTrace ??= spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
  itIf(canTrace, 'strace is not installed, or may not trace')(name, body)
}

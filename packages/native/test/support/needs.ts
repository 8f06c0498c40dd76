import { describe, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { engine } from '../../src/index.js'
import type { Binary } from '../../src/lib/addon.js'

const named = (name: unknown, reason: string): string => `${String(name)} (skipped: ${reason})`

/** Like `it`. If something is missing, the tests are skipped, and their names say why. */
export function itIf(isPossible: boolean, reason: string): typeof it.skip {
  if (isPossible) return it
  const skipped = (name: unknown, body: () => Promise<void>): void => it.skip(named(name, reason), body)
  const each = (table: readonly unknown[]) => (name: string, body: () => Promise<void>) =>
    it.skip.each(table)(named(name, reason), body)
  return Object.assign(skipped, { each }) as unknown as typeof it.skip
}

const NOT_COMPILED = 'the native engine is not available; it needs a C compiler'

/** Like `describe`, where the addon was compiled; elsewhere its tests are skipped, and their names say why. */
export const describeNative: typeof describe.skip = engine.available
  ? describe
  : (Object.assign((name: unknown, body: () => void) => describe.skip(named(name, NOT_COMPILED), body), {
      each: describe.skip.each,
    }) as typeof describe.skip)

const canMakeNetwork = spawnSync('unshare', ['--net', 'ip', 'link']).status === 0
if (!canMakeNetwork)
  console.warn('Network namespaces are not permitted, or ip is missing: their tests are skipped')

/** Like `it`, where a network namespace of its own can be made. */
export const itWithNetwork: typeof it.skip = itIf(
  canMakeNetwork,
  'needs ip, and leave to make a network namespace',
)

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
if (!canTrace) console.warn('strace is not installed, or may not trace: its tests are skipped')

/** Like `it`, where system calls can be traced. */
export const itWithStrace: typeof it.skip = itIf(canTrace, 'strace is not installed, or may not trace')

/** The binary of `npm run build`. A published binary, or one compiled for speed, has no invariant checks. */
function isChecked(): boolean {
  try {
    return (createRequire(import.meta.url)('../../build/sock_native.node') as Binary).checked === true
  } catch {
    return false
  }
}

/** Like `it`, where the addon ends the process when something is wrong with itself. */
export const itChecked: typeof it.skip = itIf(isChecked(), 'needs the addon of `npm run build`')

import { describe, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { engine } from '../../src/index.js'
import type { Binary } from '../../src/lib/addon.js'

/** Like `describe`, where the addon was compiled; elsewhere its tests are skipped, and are seen to be. */
export const describeNative: typeof describe.skip = engine.available ? describe : describe.skip

const canMakeNetwork = spawnSync('unshare', ['--net', 'ip', 'link']).status === 0
if (!canMakeNetwork)
  console.warn('Network namespaces are not permitted, or ip is missing: their tests are skipped')

/** Like `it`, where a network namespace of its own can be made. */
export const itWithNetwork: typeof it.skip = canMakeNetwork ? it : it.skip

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
if (!canTrace) console.warn('strace is not installed, or may not trace: its tests are skipped')

/** Like `it`, where system calls can be traced. */
export const itWithStrace: typeof it.skip = canTrace ? it : it.skip

/** The binary of `npm run build`. A published binary, or one compiled for speed, has no invariant checks. */
function isChecked(): boolean {
  try {
    return (createRequire(import.meta.url)('../../build/sock_native.node') as Binary).checked === true
  } catch {
    return false
  }
}

/** Like `it`, where the addon ends the process when something is wrong with itself. */
export const itChecked: typeof it.skip = isChecked() ? it : it.skip

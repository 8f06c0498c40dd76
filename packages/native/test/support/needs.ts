import { describe, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { engine } from '../../src/index.js'

/** Like `describe`, where the addon was compiled; elsewhere its tests are skipped, and are seen to be. */
export const describeNative: typeof describe.skip = engine.available ? describe : describe.skip

const canMakeNetwork = spawnSync('unshare', ['--net', 'ip', 'link']).status === 0
if (!canMakeNetwork)
  console.warn('Network namespaces are not permitted, or ip is missing: their tests are skipped')

/** Like `it`, where a network namespace of its own can be made. */
export const itWithNetwork: typeof it.skip = canMakeNetwork ? it : it.skip

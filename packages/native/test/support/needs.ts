import { describe } from '@jest/globals'
import { engine } from '../../src/index.js'

/** Like `describe`, where the addon was compiled; elsewhere its tests are skipped, and are seen to be. */
export const describeNative: typeof describe.skip = engine.available ? describe : describe.skip

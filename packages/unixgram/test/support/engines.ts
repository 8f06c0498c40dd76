import type { describe } from '@jest/globals'
import { engine } from '@sock/native'
import { describeWith, testedEngines } from '@sock/test-support/engines'
import { describeUnixDgram } from '@sock/test-support/needs'
import type { UnixgramEngine } from '../../src/index.js'

export const describeNative: typeof describe.skip = describeWith(engine)
export const engines = testedEngines<UnixgramEngine>(engine, describeUnixDgram)

import type { describe } from '@jest/globals'
import type { StreamEngine } from '@sock/core'
import { engine } from '@sock/native'
import { describeWith, testedEngines } from '@sock/test-support/engines'

export const describeNative: typeof describe.skip = describeWith(engine)
export const engines = testedEngines<StreamEngine>(engine)

import { moduleRunner } from '@sock/test-support/task'

export const runProgram = moduleRunner('unixgram', new URL('../../dist/index.js', import.meta.url))

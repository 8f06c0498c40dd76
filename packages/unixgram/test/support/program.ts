import { moduleRunner } from '@sock/tools/testing/task'

export const runProgram = moduleRunner('unixgram', new URL('../../dist/index.js', import.meta.url))

import { moduleRunner } from '@sock/tools/testing/programs'

export const runProgram = moduleRunner('unixgram', new URL('../../dist/index.js', import.meta.url))

import { moduleRunner } from '@sock/test-support/task'

export const runProgram = moduleRunner('udp', new URL('../../dist/index.js', import.meta.url))

import { moduleRunner } from '@sock/tools/testing/task'

export const runProgram = moduleRunner('udp', new URL('../../dist/index.js', import.meta.url))

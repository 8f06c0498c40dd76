import { moduleRunner } from '@sock/tools/testing/programs'

export const runProgram = moduleRunner('udp', new URL('../../dist/index.js', import.meta.url))

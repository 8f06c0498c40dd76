import { itKeepsAlive } from '@sock/test-support/references'
import { engines } from './support/engines.js'
import { runProgram } from './support/program.js'

const OPEN = `
  // It is remembered when the server is started again.
  const server = unixgram.createUnixgramServer({ data() {} }, options).unref()
  await server.listen(args[0])
  await server.close()
  await server.listen(args[0])
  const open = { server }`

for (const { name, options, describe } of engines) {
  // unix-dgram cannot do it: `unref()` throws, as the conformance suite checks.
  if (options.engine === undefined) continue
  describe(`ref() and unref()${name}`, () => {
    itKeepsAlive(runProgram, OPEN, ['server'], options)
  })
}

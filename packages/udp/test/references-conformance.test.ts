import { itKeepsAlive } from '@sock/test-support/references'
import { engines } from './support/engines.js'
import { runProgram } from './support/program.js'

const OPEN = `
  // It is remembered when the server is started again.
  const server = udp.createUdpServer({ data() {} }, options).unref()
  await server.listen('127.0.0.1:0')
  await server.close()
  await server.listen('127.0.0.1:0')
  const open = { server }`

for (const { name, options, describe } of engines) {
  describe(`ref() and unref()${name}`, () => {
    itKeepsAlive(runProgram, OPEN, ['server'], options)
  })
}

import { itKeepsAlive } from '@sock/test-support/references'
import { moduleRunner } from '@sock/test-support/task'
import { engines } from './support/engines.js'

const run = moduleRunner('tcp', new URL('../dist/index.js', import.meta.url))

const OPEN = `
  let accept
  const accepting = new Promise((resolve) => (accept = resolve))
  // It is remembered when the server is started again.
  const server = tcp.createTcpServer({ open: (connection) => accept(connection), data() {} }, options).unref()
  await server.listen('127.0.0.1:0')
  await server.close()
  const client = await tcp.connectTcp(await server.listen('127.0.0.1:0'), options)
  const open = { server, client: client.unref(), accepted: (await accepting).unref() }`

for (const { name, options, describe } of engines) {
  describe(`ref() and unref()${name}`, () => {
    itKeepsAlive(run, OPEN, ['server', 'client', 'accepted'], options)
  })
}

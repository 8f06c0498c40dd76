import { itKeepsAlive } from '@sock/test-support/references'
import { moduleRunner } from '@sock/test-support/task'
import { engines } from './support/engines.js'

const run = moduleRunner('unix', new URL('../dist/index.js', import.meta.url))

const OPEN = `
  let accept
  const accepting = new Promise((resolve) => (accept = resolve))
  // It is remembered when the server is started again.
  const server = unix.createUnixServer({ open: (connection) => accept(connection), data() {} }, options).unref()
  await server.listen(args[0])
  await server.close()
  const client = await unix.connectUnix(await server.listen(args[0]), options)
  const open = { server, client: client.unref(), accepted: (await accepting).unref() }`

for (const { name, options, describe } of engines) {
  describe(`ref() and unref()${name}`, () => {
    itKeepsAlive(run, OPEN, ['server', 'client', 'accepted'], options)
  })
}

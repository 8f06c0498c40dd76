/* A server whose system calls are counted: it answers what is small, and tells its parent how much has come. */
import { engine } from '@sock/native'
import { serveParent } from '@sock/tools/children'
import { fixtureOf } from './fixture.mjs'

const got = { messages: 0, bytes: 0 }

serveParent({
  got: () => got,
  async listen(transport, engineName) {
    const { createServer, target } = await fixtureOf(transport, engineName === 'native' ? engine : undefined)
    const server = createServer({
      data(channel, data) {
        got.messages += 1
        got.bytes += data.length
        if (data.length <= 64) void channel.write(data)
      },
    })
    server.on('error', (error) => console.error(error.message))
    return String(await server.listen(target()))
  },
})

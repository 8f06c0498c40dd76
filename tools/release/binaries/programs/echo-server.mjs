/*
 * A server whose system calls are counted, in a child process: `node echo-server.mjs <transport> <node|native> <folder>`.
 * It answers what is small. To its parent it says its address, and on demand how much it has got.
 */
import { engine } from '@sock/native'
import { fixtures } from './fixtures.mjs'

/** In bytes. Larger messages go one way. */
const LARGEST_ANSWERED = 64

const [transport = '', engineName = '', folder = ''] = process.argv.slice(2)
const { createServer, target } = fixtures(engineName === 'native' ? engine : undefined, folder)[transport]

const got = { messages: 0, bytes: 0 }
const server = createServer({
  data(channel, data) {
    got.messages += 1
    got.bytes += data.length
    if (data.length <= LARGEST_ANSWERED) void channel.write(data)
  },
})
server.on('error', (error) => console.error(error.message))
const address = await server.listen(target())
process.on('message', () => process.send(got))
process.on('disconnect', () => void server.close())
process.send('path' in address ? address.path : `${address.host}:${address.port}`)

// A server in a process of its own whose listeners throw, with the sockets of node:net (argument "net") or with the streams
// of our connections (by the engine "node" or "native"). It prints what becomes of the exceptions, and leaves when its
// input ends.
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { serveHttp } from '@sock/core'
import { createTcpServer } from '../../dist/index.js'

const say = (what) => console.log(JSON.stringify(what))
process.on('uncaughtException', ({ message }, origin) => say([message, origin]))

/** More than the system takes at once, so that the callback has to wait. */
const MUCH = Buffer.alloc(32 * 1024 * 1024)

function serve(stream) {
  stream.on('error', () => {})
  stream.on('data', (data) => {
    if (String(data) === 'throw') throw new Error('data')
    if (String(data) === 'write') {
      stream.write(MUCH, () => {
        throw new Error('written')
      })
    } else say(`still reads ${data}`)
  })
}

const http = createHttpServer(() => {
  throw new Error('request')
})
const kind = process.argv[2]
const options = kind === 'native' ? { engine: (await import('@sock/native')).engine } : {}
const listen = async (raw, handler) => {
  if (kind !== 'net') return (await createTcpServer(handler, options).listen('127.0.0.1:0')).port
  await new Promise((resolve) => raw.listen(0, '127.0.0.1', resolve))
  return raw.address().port
}
say(await listen(createServer(serve), { open: ({ stream }) => serve(stream) }))
say(await listen(http, serveHttp(http)))
process.stdin.on('end', () => process.exit(0)).resume()

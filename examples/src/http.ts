/**
 * An HTTP server on a Unix socket, as behind nginx: node:http never listens, and gets its connections from here.
 *
 *   node examples/dist/http.js /tmp/http.sock        and then:   curl --unix-socket /tmp/http.sock http://localhost/
 */
import { createUnixServer } from '@sock/unix'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'POST' && request.url === '/echo') {
    // However long it is, there is no more of it in memory than a few buffers.
    await pipeline(request, response)
  } else if (request.method === 'GET' && request.url === '/') {
    response.setHeader('content-type', 'application/json')
    response.end(`${JSON.stringify({ hello: 'world', pid: process.pid })}\n`)
  } else {
    response.statusCode = 404
    response.end('Not found\n')
  }
}

async function main([path = '/tmp/http.sock']: readonly string[]): Promise<void> {
  const http = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  const server = createUnixServer(
    {
      // With callbacks the connection lives until one side closes it, so node:http may keep it for the next request.
      open(connection) {
        // The documented way to hand node:http a connection: https://nodejs.org/api/http.html#event-connection
        http.emit('connection', connection.stream)
      },
    },
    // node:http's own time-outs are started by its listen(); this one takes their place.
    { idleTimeout: 60_000 },
  )
  server.on('state', (_state, message) => console.log(message))
  server.on('error', (error) => console.error(error.message))
  // Before listening: a signal that comes early must not leave the socket file behind.
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  // Whoever may open the file may ask: here the user and his group.
  await server.listen({ path, mode: 0o660 })
  await stop
  // Requests under way are answered; connections that are only kept alive end.
  await server.shutdown({ timeout: 10_000 })
}

await main(process.argv.slice(2))

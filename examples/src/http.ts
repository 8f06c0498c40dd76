/**
 * An HTTP server on a Unix socket, for instance behind nginx. node:http does not listen itself; it gets connections
 * from this server.
 *
 *   node examples/dist/http.js /tmp/http.sock        and then:   curl --unix-socket /tmp/http.sock http://localhost/
 */
import { serveHttp } from '@sock/core'
import { createUnixServer } from '@sock/unix'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'POST' && request.url === '/echo') {
    // However long the request is, only a few buffers of it are in memory.
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
  const server = createUnixServer(serveHttp(http))
  server.on('state', (_state, message) => console.log(message))
  server.on('error', (error) => console.error(error.message))
  // Install signal handlers before you listen: an early signal must not leave the socket file behind.
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  // The mode decides which users may connect: here the owner and the group of the file.
  await server.listen({ path, mode: 0o660 })
  await stop
  // Current requests are answered; idle keep-alive connections end.
  await server.shutdown({ timeout: 10_000 })
}

await main(process.argv.slice(2))

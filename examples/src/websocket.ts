/**
 * A WebSocket server on a Unix socket: every message goes to all clients.
 *
 *   node examples/dist/websocket.js /tmp/ws.sock     and then, from a program:   new WebSocket('ws+unix:/tmp/ws.sock:/')
 */
import { serveHttp } from '@sock/core'
import { createUnixServer } from '@sock/unix'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'

/** "Going away" (RFC 6455 §7.4.1): tells clients to connect again. */
const GOING_AWAY = 1001
const MAX_MESSAGE = 64 * 1024
/** A client with more than this many bytes queued gets no further messages. */
const MAX_BEHIND = 1024 * 1024

async function main([path = '/tmp/ws.sock']: readonly string[]): Promise<void> {
  const http = createServer((_request, response) => {
    response.statusCode = 426
    response.end('This is a WebSocket server\n')
  })
  const sockets = new WebSocketServer({ server: http, maxPayload: MAX_MESSAGE })
  sockets.on('connection', (socket) => {
    socket.on('error', (error) => console.error(error.message))
    socket.on('message', (data, binary) => {
      for (const other of sockets.clients) {
        if (other.readyState !== WebSocket.OPEN) continue
        if (other.bufferedAmount < MAX_BEHIND) other.send(data, { binary })
      }
    })
  })

  // At the upgrade, ws takes over the connection from node:http.
  const server = createUnixServer(serveHttp(http))
  server.on('state', (_state, message) => console.log(message))
  server.on('error', (error) => console.error(error.message))
  // Clients learn the reason in their own protocol. Then both sides close, and there is nothing left to wait for.
  server.on('state', (state) => {
    if (state !== 'draining') return
    for (const socket of sockets.clients) socket.close(GOING_AWAY, 'Server is going down')
  })
  // Install signal handlers before you listen: an early signal must not leave the socket file behind.
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await server.listen(path)
  await stop
  await server.shutdown({ timeout: 10_000 })
}

await main(process.argv.slice(2))

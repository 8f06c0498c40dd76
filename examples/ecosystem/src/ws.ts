import { serveHttp, type StreamHandler } from '@sock/core'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

export function webSocketHandler(): StreamHandler {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket) => {
    socket.on('message', (data, binary) => {
      socket.send(data, { binary })
    })
  })
  return serveHttp(http)
}

import { serveHttp, type StreamHandler } from '@sock/core'
import express from 'express'
import { createServer, type ServerOptions } from 'node:http'

export function expressHandler(options: ServerOptions = {}): StreamHandler {
  const app = express()
  app.get('/', (request, response) => {
    response.json({ ip: request.ip, protocol: request.protocol })
  })
  return serveHttp(createServer(options, app))
}

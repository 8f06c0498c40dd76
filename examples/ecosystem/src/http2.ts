import { serveHttp, type StreamHandler } from '@sock/core'
import { createServer } from 'node:http2'

export function http2Handler(): StreamHandler {
  const http2 = createServer(({ httpVersion }, response) => {
    response.end(`hello over HTTP/${httpVersion}`)
  })
  return serveHttp(http2)
}

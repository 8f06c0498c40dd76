import { beforeAll, describe, expect, it } from '@jest/globals'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import type { TcpServerOptions } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { serve, type Running } from './support/servers.js'

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

/** ws on node:http on our connections: echoes every message. */
async function serveWebSocket(options: TcpServerOptions = {}): Promise<Running> {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  const running = await serve(
    {
      open(connection) {
        http.emit('connection', connection.stream)
      },
    },
    options,
  )
  later(() => sockets.close())
  return running
}

async function dialWebSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { ca: certificates.ca, perMessageDeflate: false })
  later(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

describe.each([false, true])('ws over connection.stream (TLS: %p)', (secure) => {
  async function start(): Promise<Running & { url: string }> {
    const running = await serveWebSocket(secure ? { tls: certificates.server } : {})
    return { ...running, url: `${secure ? 'wss' : 'ws'}://localhost:${running.address.port}` }
  }

  it(`ws over connection.stream echoes text and 1 MiB of bytes, and closes in order (TLS: ${secure})`, async () => {
    const { url, server, errors } = await start()
    const socket = await dialWebSocket(url)
    socket.send('hello')
    const [text] = (await once(socket, 'message')) as [Buffer]
    expect(`${text}`).toBe('hello')
    const bytes = Buffer.alloc(1024 * 1024, 'x')
    socket.send(bytes)
    const [got] = (await once(socket, 'message')) as [Buffer]
    expect(got.equals(bytes)).toBe(true)
    socket.close(1000, 'done')
    const [code] = (await once(socket, 'close')) as [number]
    expect(code).toBe(1000)
    await until(() => server.openConnections === 0, 'the connection is closed')
    expect(errors).toEqual([])
  })

  it(`ws over connection.stream survives clients that are terminated (TLS: ${secure})`, async () => {
    const { url, server, errors } = await start()
    const clients = await Promise.all(Array.from({ length: 10 }, () => dialWebSocket(url)))
    for (const client of clients) {
      client.send('x'.repeat(100_000))
      client.terminate()
    }
    await until(() => server.openConnections === 0, 'every connection is closed')
    expect(errors).toEqual([])
    const socket = await dialWebSocket(url)
    socket.send('still here')
    const [text] = (await once(socket, 'message')) as [Buffer]
    expect(`${text}`).toBe('still here')
  })
})

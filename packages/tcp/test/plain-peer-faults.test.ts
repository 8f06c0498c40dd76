import { describe, expect, it } from '@jest/globals'
import { later } from '@sock/tools/testing/resources'
import { rejection } from '@sock/tools/testing/wait'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { connectTcp } from '../src/index.js'

describe('connectTcp with tls', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['greets in plain text', (socket) => socket.resume().write('220 mail.test ESMTP\r\n')],
    [
      'answers in plain text',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    ],
    ['echoes', (socket) => socket.pipe(socket)],
  ])(
    'connectTcp() with TLS rejects for a peer that %s, and says that it does not speak TLS',
    async (_, answer) => {
      const server = createServer((socket) => answer(socket.on('error', () => {}))).listen(0, '127.0.0.1')
      later(() => void server.close())
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const error = await rejection(connectTcp(`127.0.0.1:${port}`, { tls: true }))
      expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_HANDSHAKE_FAILED' })
      expect(error.message).toBe(
        `Cannot complete the TLS handshake with "127.0.0.1:${port}": the peer does not speak TLS. Check the port, or leave out "tls"`,
      )
      expect(error.cause).toHaveProperty('message')
    },
  )
})

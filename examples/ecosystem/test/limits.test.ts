import { expect, it } from '@jest/globals'
import { serveHttp } from '@sock/core'
import { engine } from '@sock/native'
import { createTcpServer } from '@sock/tcp'
import { later } from '@sock/test-support/resources'
import { thrown } from '@sock/test-support/wait'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createSecureServer, createServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { Socket } from 'node:net'
import { grounds, serve, type Ground } from './support/grounds.js'

// What docs/ecosystem.md says does not work, and how it fails.

const tcp = grounds[0] as Ground

it('TLS with the native engine is refused at once, with a code', () => {
  const error = thrown(() => createTcpServer(() => {}, { engine, tls: {} }))
  expect(error).toMatchObject({ code: 'ERR_SOCK_UNSUPPORTED' })
})

it.each([
  ['node:http2', createSecureServer()],
  ['node:https', createHttpsServer()],
])('serveHttp() refuses a server of %s that encrypts itself, and says what to do', (_, server) => {
  expect(thrown(() => serveHttp(server as never)).message).toMatch(
    'expected a server without TLS, from createServer() of node:http or node:http2 (let createTcpServer() encrypt',
  )
})

it('node:http2 shows the address of its wrapper, which is undefined', async () => {
  const http2 = createServer(({ socket }, response) => response.end(String(socket.remoteAddress)))
  const { port } = await serve(tcp, serveHttp(http2))
  const client = connect(`http://127.0.0.1:${port}`)
  later(() => client.destroy())
  const request = client.request()
  let text = ''
  for await (const chunk of request) text += String(chunk)
  expect(text).toBe('undefined')
})

it('a stream is no instance of net.Socket, and cannot be sent to another process', async () => {
  const running = await serve(tcp, { open: ({ stream }) => void stream.resume() })
  const { stream } = await running.dial()
  expect(stream).not.toBeInstanceOf(Socket)
  const child = spawn(process.execPath, ['-e', 'process.on("message", () => {})'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const closed = once(child, 'close')
  expect(thrown(() => child.send('here', stream)).code).toBe('ERR_INVALID_HANDLE_TYPE')
  child.kill('SIGKILL')
  await closed
})

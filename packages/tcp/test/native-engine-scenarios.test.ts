import { expect, it } from '@jest/globals'
import { exchange } from '@sock/core'
import { engine } from '@sock/native'
import { request, createServer as createHttpServer } from 'node:http'
import { once } from 'node:events'
import { connectTcp, createTcpServer } from '../src/index.js'
import { describeNative as describe } from './support/engines.js'

describe('the native engine under tcp', () => {
  it('reusePort shares a port on every Node, and both servers get peers', async () => {
    const counts = [0, 0]
    const servers = counts.map((_, index) =>
      createTcpServer(
        (connection) => {
          counts[index] = (counts[index] ?? 0) + 1
          return connection.write('x')
        },
        { engine },
      ),
    )
    let port = 0
    for (const server of servers)
      port = (await server.listen({ host: '127.0.0.1', port, reusePort: true })).port
    // The system spreads them by a hash of the addresses: a hundred on one side alone will not happen.
    for (let round = 0; round < 100; round++)
      expect(String(await exchange(await connectTcp({ port, host: '127.0.0.1' }, { engine }), ''))).toBe('x')
    expect(Math.min(...counts)).toBeGreaterThan(0)
    await Promise.all(servers.map((server) => server.close()))
  })

  it('tls is refused with the native engine, for servers and for clients', async () => {
    expect(() => createTcpServer(() => {}, { engine, tls: {} })).toThrow(
      'Cannot use TLS with the engine "native"',
    )
    await expect(connectTcp('127.0.0.1:1', { engine, tls: true })).rejects.toMatchObject({
      code: 'ERR_SOCK_UNSUPPORTED',
    })
  })

  it('connection.stream carries node:http', async () => {
    const http = createHttpServer((incoming, response) => {
      incoming.pipe(response)
    })
    const server = createTcpServer({ open: ({ stream }) => void http.emit('connection', stream) }, { engine })
    const { port } = await server.listen('127.0.0.1:0')
    const body = Buffer.alloc(300_000, 'abc')
    const asked = request({ port, host: '127.0.0.1', method: 'POST', agent: false })
    asked.end(body)
    const [response] = (await once(asked, 'response')) as [AsyncIterable<Buffer>]
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part)
    expect(Buffer.concat(parts).equals(body)).toBe(true)
    await server.close()
    http.close()
  })

  it('peerCredentials are not of tcp', async () => {
    const server = createTcpServer(
      (connection) => connection.write(`${connection.peerCredentials === undefined}`),
      {
        engine,
      },
    )
    const { port } = await server.listen('127.0.0.1:0')
    const client = await connectTcp({ port, host: '127.0.0.1' }, { engine })
    expect(client.peerCredentials).toBeUndefined()
    expect(String(await exchange(client, ''))).toBe('true')
    await server.close()
  })
})

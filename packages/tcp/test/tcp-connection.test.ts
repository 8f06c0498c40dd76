import { describe, expect, it } from '@jest/globals'
import { exchange } from '@sock/core'
import { engine } from '@sock/native'
import { until } from '@sock/test-support/wait'
import type { PeerCertificate } from 'node:tls'
import { connectTcp, createTcpServer, type TcpStream } from '../src/index.js'
import { createCertificates } from './support/certificates.js'
import { describeNative } from './support/engines.js'
import { dial, serve } from './support/servers.js'

describe('connection.stream', () => {
  it('connection.stream over TLS has the members of a TLS socket', async () => {
    const certificates = await createCertificates()
    let stream!: TcpStream
    const handler = {
      open: (connection: { stream: TcpStream }) => void (stream = connection.stream.resume()),
    }
    const { address } = await serve(handler, { tls: certificates.server })
    const client = await dial(address, { tls: { ca: certificates.ca }, serverName: 'localhost' })
    await until(() => (stream as TcpStream | undefined) !== undefined, 'the handshake is over')
    expect(stream.encrypted).toBe(true)
    expect(stream.getProtocol?.()).toBe('TLSv1.3')
    expect(stream.servername).toBe('localhost')
    expect(client.stream.authorized).toBe(true)
    expect((client.stream.getPeerCertificate as () => PeerCertificate)().subject.CN).toBe('localhost')
  })

  it('connection.stream without TLS has none of the members of a TLS socket', async () => {
    const { address } = await serve()
    const { stream } = await dial(address)
    expect(stream.encrypted).toBeUndefined()
    expect('getCipher' in stream).toBe(false)
  })
})

describeNative('peerCredentials', () => {
  it('peerCredentials are undefined for TCP, also with the native engine', async () => {
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

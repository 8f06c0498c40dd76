import { beforeAll, describe, expect, it } from '@jest/globals'
import { exchange } from '@sock/core'
import { later } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import {
  connectTcp,
  type IpAddress,
  type TcpConnection,
  type TcpServerOptions,
  type TlsSession,
} from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { dial, echo, readBytes, serve, type Running } from './support/servers.js'

const MIB = 1024 * 1024

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

/** An echo server with TLS that keeps the `tls` of its connections. */
async function serveTls(
  tls: TcpServerOptions['tls'] = {},
): Promise<Running & { sessions: (TlsSession | undefined)[] }> {
  const sessions: (TlsSession | undefined)[] = []
  const handler = (connection: TcpConnection): Promise<void> => {
    sessions.push(connection.tls)
    return echo(connection)
  }
  return { ...(await serve(handler, { tls: { ...certificates.server, ...tls } })), sessions }
}

async function answers(connection: TcpConnection): Promise<void> {
  await connection.write('hello')
  expect(`${await readBytes(connection, 5)}`).toBe('hello')
}

describe('tls', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'connection.tls describes a session of %s on both sides',
    async (version) => {
      const { address, server, sessions, events } = await serveTls()
      expect(server.secure).toBe(true)
      const tls = { ca: certificates.ca, minVersion: version, maxVersion: version }
      const client = await dial(`localhost:${address.port}`, { tls })
      await answers(client)
      expect(client.secure).toBe(true)
      expect(client.tls).toMatchObject({
        protocol: version,
        alpnProtocol: undefined,
        authorized: true,
        authorizationError: undefined,
      })
      expect(client.tls?.cipher).toMatch(/AES|CHACHA/)
      expect(client.tls?.peerCertificate?.subjectAltName).toContain('DNS:localhost')
      expect(sessions).toMatchObject([
        {
          protocol: version,
          cipher: client.tls?.cipher,
          alpnProtocol: undefined,
          serverName: 'localhost',
          authorized: false,
          authorizationError: undefined,
          peerCertificate: undefined,
        },
      ])
      expect(events[0]).toMatchObject({ local: address, remote: client.localAddress })
    },
  )

  it.each([
    ['TLSv1.2', 1],
    ['TLSv1.3', 1],
    ['TLSv1.3', 20],
  ] as const)('TLS over %s echoes %d MiB byte by byte', async (version, size) => {
    const { address, server } = await serveTls()
    const sent = randomBytes(size * MIB)
    const tls = { ca: certificates.ca, minVersion: version, maxVersion: version }
    const client = await dial(address, { tls })
    const got = await exchange(client, sent)
    expect(got.equals(sent)).toBe(true)
    await until(() => server.openConnections === 0, 'the connection is closed')
    expect(server.stats()).toMatchObject({ bytesRead: sent.length, bytesWritten: sent.length })
  })

  it('connection.tls is undefined without TLS', async () => {
    const seen: unknown[] = []
    const { address, server } = await serve((connection) => {
      seen.push(connection.tls, connection.secure)
      return echo(connection)
    })
    const client = await dial(address)
    await answers(client)
    expect([server.secure, client.secure, client.tls, ...seen]).toEqual([
      false,
      false,
      undefined,
      undefined,
      false,
    ])
  })

  it('connection.tls keeps its description after the connection was closed', async () => {
    const { address } = await serveTls()
    const client = await dial(address, { tls: { ca: certificates.ca } })
    const before = client.tls
    await client.close()
    expect(client.tls).toBe(before)
    expect(before?.protocol).toBe('TLSv1.3')
  })

  it('a TLS client sends no server name for an address', async () => {
    const { address, sessions } = await serveTls()
    await answers(await dial(address, { tls: { ca: certificates.ca } }))
    expect(sessions).toMatchObject([{ serverName: undefined }])
  })

  it('a TLS client asks for serverName and verifies against it', async () => {
    const { address, sessions } = await serveTls(certificates.other)
    const client = await dial(address, { tls: { ca: certificates.ca }, serverName: 'other.test' })
    await answers(client)
    expect(sessions).toMatchObject([{ serverName: 'other.test' }])
    expect(client.tls).toMatchObject({ authorized: true })
  })

  it('a TLS client prefers serverName to tls.servername', async () => {
    const { address, sessions } = await serveTls()
    const tls = { ca: certificates.ca, servername: 'other.test' }
    await answers(await dial(address, { tls, serverName: 'localhost' }))
    expect(sessions).toMatchObject([{ serverName: 'localhost' }])
  })

  it('a TLS server chooses the certificate by SNICallback', async () => {
    const contexts = new Map<string, SecureContext>([
      ['localhost', createSecureContext(certificates.server)],
      ['other.test', createSecureContext(certificates.other)],
    ])
    const { address } = await serveTls({
      SNICallback: (name, done) => done(null, contexts.get(name)),
    })
    for (const serverName of contexts.keys()) {
      const client = await dial(address, { tls: { ca: certificates.ca }, serverName })
      await answers(client)
      expect(client.tls?.peerCertificate?.subjectAltName).toContain(`DNS:${serverName}`)
      expect(client.tls?.authorized).toBe(true)
    }
  })

  it('connection.tls has the protocol that ALPN chose, on both sides', async () => {
    const { address, sessions } = await serveTls({ ALPNProtocols: ['b', 'a'] })
    const client = await dial(address, { tls: { ca: certificates.ca, ALPNProtocols: ['a', 'b'] } })
    await answers(client)
    expect(client.tls?.alpnProtocol).toBe('b')
    expect(sessions).toMatchObject([{ alpnProtocol: 'b' }])
  })

  it('a TLS server refuses a client that has no protocol in common (B5)', async () => {
    const { address, server, errors } = await serveTls({ ALPNProtocols: ['a'] })
    const tls = { ca: certificates.ca, ALPNProtocols: ['c'] }
    expect(await rejection(connectTcp(address, { tls }))).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    await until(() => errors.length === 1, 'the failure is reported')
    expect(server.stats()).toMatchObject({ accepted: 0, rejected: { handshakeFailed: 1 } })
  })

  it('a TLS server refuses a client of TLS 1.1 (B6)', async () => {
    const { address, server, errors } = await serveTls()
    const tls = {
      ca: certificates.ca,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const
    expect(await rejection(connectTcp(address, { tls }))).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    await until(() => errors.length === 1, 'the failure is reported')
    expect(errors[0]).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    expect(server.stats()).toMatchObject({ accepted: 0, rejected: { handshakeFailed: 1 } })
    await answers(await dial(address, { tls: { ca: certificates.ca } }))
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a TLS server resumes sessions of %s with its default tickets',
    async (version) => {
      const { address } = await serveTls()
      const session = await visit(address, version)
      expect(session.reused).toBe(false)
      expect((await visit(address, version, session.ticket)).reused).toBe(true)
    },
  )

  it('a TLS server reads although the options of tls.createServer ask for a pause', async () => {
    const { address } = await serveTls({ pauseOnConnect: true, allowHalfOpen: false })
    await answers(await dial(address, { tls: { ca: certificates.ca } }))
  })

  it('a TLS server takes 30 handshakes at once', async () => {
    const { address, server } = await serveTls()
    const clients = await Promise.all(
      Array.from({ length: 30 }, () => dial(address, { tls: { ca: certificates.ca } })),
    )
    await Promise.all(
      clients.map(async (client, index) => {
        await client.write(`number ${index};`)
        expect(`${await readBytes(client, `number ${index};`.length)}`).toBe(`number ${index};`)
      }),
    )
    expect(server.stats()).toMatchObject({ accepted: 30, open: 30, handshaking: 0 })
  })
})

/** Connects with Node's own client, and leaves with a ticket. */
async function visit(
  address: IpAddress,
  version: 'TLSv1.2' | 'TLSv1.3',
  ticket?: Buffer,
): Promise<{ reused: boolean; ticket: Buffer }> {
  const socket: TLSSocket = connect({
    host: address.host,
    port: address.port,
    ca: certificates.ca,
    minVersion: version,
    maxVersion: version,
    ...(ticket === undefined ? {} : { session: ticket }),
  })
  later(() => socket.destroy())
  let latest: Buffer | undefined
  socket.on('session', (session: Buffer) => (latest = session))
  await once(socket, 'secureConnect')
  socket.write('hello')
  await once(socket, 'data')
  await until(() => latest !== undefined || ticket !== undefined, 'a ticket comes')
  const reused = socket.isSessionReused()
  socket.end()
  return { reused, ticket: latest ?? Buffer.alloc(0) }
}

import { beforeAll, describe, expect, it } from '@jest/globals'
import { refusingPort } from '@sock/test-support/ports'
import { later } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { types } from 'node:util'
import { connectTcp, type TcpServerOptions } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { closed, dial, echo, readBytes, serve, type Running } from './support/servers.js'

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

function serveTls(tls: TcpServerOptions['tls'] = {}): Promise<Running> {
  return serve(echo, { tls: { ...certificates.server, ...tls } })
}

/** A bare server that does to each client what the test wants. */
async function bareServer(act: (socket: Socket) => void): Promise<{ target: string; sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    later(() => socket.destroy())
    act(socket)
  })
  later(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets }
}

describe('connectTcp with tls', () => {
  it.each<[string, object, string, string]>([
    ['an unknown authority', {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'as "tls.ca"'],
    ['another name', { named: true }, 'ERR_TLS_CERT_ALTNAME_INVALID', 'set "serverName" to one'],
  ])(
    'connectTcp() with TLS rejects for %s, and says why and what to do',
    async (_, { named }: { named?: boolean }, code, advice) => {
      const { address, server } = await serveTls()
      const options = named ? { tls: { ca: certificates.ca }, serverName: 'other.test' } : { tls: true }
      const error = await rejection(connectTcp(address, options))
      expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_HANDSHAKE_FAILED', cause: { code } })
      expect(error.message).toMatch(/^Cannot complete the TLS handshake with "127\.0\.0\.1:\d+": .+/)
      expect(error.message).toContain(advice)
      await until(
        () => server.openConnections === 0 && server.stats().handshaking === 0,
        'nothing is left at the server',
      )
    },
  )

  it('connectTcp() with tls rejects for a certificate that is out of date', async () => {
    const { address } = await serveTls(certificates.expired)
    const tls = { ca: certificates.ca, checkServerIdentity: () => undefined }
    expect(await rejection(connectTcp(address, { tls }))).toMatchObject({
      code: 'ERR_SOCK_HANDSHAKE_FAILED',
      message: expect.stringMatching(/\. Renew the certificate of the server$/),
      cause: { code: 'CERT_HAS_EXPIRED' },
    })
  })

  it('connectTcp() with tls rejects when checkServerIdentity refuses', async () => {
    const { address } = await serveTls()
    const refusal = new Error('I do not like this one')
    const tls = { ca: certificates.ca, checkServerIdentity: () => refusal }
    const error = await rejection(connectTcp(address, { tls }))
    expect(error).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    expect(error.cause).toBe(refusal)
  })

  it('connectTcp() with tls takes an unverified server if rejectUnauthorized is false, and says so', async () => {
    const { address } = await serveTls()
    const client = await dial(address, { tls: { rejectUnauthorized: false } })
    await client.write('hello')
    expect(`${await readBytes(client, 5)}`).toBe('hello')
    expect(client.tls).toMatchObject({
      authorized: false,
      authorizationError: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
  })

  it.each<[string, (socket: Socket) => void]>([
    ['ends at once', (socket) => void socket.end()],
    ['ends after the ClientHello', (socket) => void socket.once('data', () => socket.end())],
    ['resets after the ClientHello', (socket) => void socket.once('data', () => socket.resetAndDestroy())],
  ])('connectTcp() with TLS rejects when the server %s', async (_, act) => {
    const { target, sockets } = await bareServer(act)
    const error = await rejection(connectTcp(target, { tls: true }))
    expect(error).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    expect(types.isNativeError(error.cause)).toBe(true)
    await closed((sockets[0] as Socket).resume())
  })

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
      const { target } = await bareServer(answer)
      const error = await rejection(connectTcp(target, { tls: true }))
      expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_HANDSHAKE_FAILED' })
      expect(error.message).toBe(
        `Cannot complete the TLS handshake with "${target}": the peer does not speak TLS. Check the port, or leave out "tls"`,
      )
      expect(error.cause).toHaveProperty('message')
    },
  )

  it('connectTcp() with tls rejects with ERR_SOCK_HANDSHAKE_TIMEOUT when the server is silent', async () => {
    const { target, sockets } = await bareServer(() => {})
    const started = performance.now()
    const error = await rejection(connectTcp(target, { tls: true, handshakeTimeout: 100 }))
    expect(performance.now() - started).toBeGreaterThanOrEqual(95)
    expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_HANDSHAKE_TIMEOUT' })
    expect(error.message).toContain(`"${target}"`)
    await closed((sockets[0] as Socket).resume())
  })

  it('connectTcp() with tls rejects with the system error when no server listens', async () => {
    const target = `127.0.0.1:${await refusingPort()}`
    expect(await rejection(connectTcp(target, { tls: true }))).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it.each([
    [
      'key and certificate that do not fit',
      () => ({ key: certificates.server.key, cert: certificates.other.cert }),
    ],
    ['a certificate that is none', () => ({ cert: 'x', key: 'y' })],
    ['unknown ciphers', () => ({ ciphers: 'no-such-cipher' })],
  ])('connectTcp() with tls rejects with ERR_SOCK_INVALID_TLS for %s, and leaves nothing', async (_, tls) => {
    const { address, server } = await serveTls()
    const error = await rejection(connectTcp(address, { tls: tls() }))
    expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_TLS' })
    expect(error.cause).toBeDefined()
    expect(server.openConnections).toBe(0)
  })
})

describe('signal', () => {
  it('connectTcp() with a signal that is aborted already rejects with its reason, and sends nothing', async () => {
    const { address, server } = await serveTls()
    const reason = new Error('changed my mind')
    for (const tls of [undefined, true]) {
      expect(await rejection(connectTcp(address, { tls, signal: AbortSignal.abort(reason) }))).toBe(reason)
    }
    expect(server.stats()).toMatchObject({ accepted: 0, handshaking: 0, rejected: { handshakeFailed: 0 } })
  })

  it.each([undefined, true])(
    'connectTcp() rejects with the reason when its signal aborts while it connects (tls: %p)',
    async (tls) => {
      const { address } = await serve()
      const control = new AbortController()
      const reason = new Error('changed my mind')
      const attempt = connectTcp(address, { tls, signal: control.signal })
      control.abort(reason)
      expect(await rejection(attempt)).toBe(reason)
    },
  )

  it('connectTcp() with tls rejects and closes when its signal aborts during the handshake', async () => {
    const { target, sockets } = await bareServer((socket) => socket.resume())
    const control = new AbortController()
    const attempt = connectTcp(target, { tls: true, signal: control.signal })
    attempt.catch(() => {})
    await until(() => (sockets[0]?.bytesRead ?? 0) > 0, 'the handshake has begun')
    control.abort()
    expect(await rejection(attempt)).toMatchObject({ name: 'AbortError' })
    await closed(sockets[0] as Socket)
  })

  it.each([false, true])(
    'connectTcp() ignores a signal that aborts after it has connected (tls: %p)',
    async (secure) => {
      const { address } = secure ? await serveTls() : await serve()
      const control = new AbortController()
      const tls = secure ? { ca: certificates.ca } : false
      const client = await dial(address, { tls, signal: control.signal })
      control.abort()
      await client.write('hello')
      expect(`${await readBytes(client, 5)}`).toBe('hello')
    },
  )
})

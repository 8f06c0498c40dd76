import { beforeAll, describe, expect, it } from '@jest/globals'
import { exchange, isExpectedClose, isSockError } from '@sock/core'
import { later } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import { connect, type TLSSocket } from 'node:tls'
import { types } from 'node:util'
import type { TlsSession } from '../src/index.js'
import { createCertificates, type Certificates, type Pair } from './support/certificates.js'
import { closed, dial, echo, readBytes, serve, type Running } from './support/servers.js'

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

/** A server that asks for client certificates, and keeps the sessions. */
async function serveMutual(strict = true): Promise<Running & { sessions: (TlsSession | undefined)[] }> {
  const sessions: (TlsSession | undefined)[] = []
  const tls = {
    ...certificates.server,
    ca: certificates.ca,
    requestCert: true,
    rejectUnauthorized: strict,
  }
  const running = await serve(
    (connection) => {
      sessions.push(connection.tls)
      return echo(connection)
    },
    { tls },
  )
  return { ...running, sessions }
}

const REFUSED: [string, (all: Certificates) => Partial<Pair>, RegExp][] = [
  ['none', () => ({}), /certificate/i],
  ['one of an unknown authority', (all) => all.stranger, /UNABLE_TO_VERIFY|certificate/i],
  ['one that is out of date', (all) => all.expired, /CERT_HAS_EXPIRED/],
]

describe('client certificates', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'client certificates are verified and shown, over %s',
    async (version) => {
      const { address, sessions } = await serveMutual()
      const tls = { ca: certificates.ca, ...certificates.client, minVersion: version, maxVersion: version }
      const client = await dial(address, { tls })
      await client.write('hello')
      expect(`${await readBytes(client, 5)}`).toBe('hello')
      expect(sessions).toMatchObject([{ protocol: version, authorized: true, authorizationError: undefined }])
      expect(sessions[0]?.peerCertificate?.subject).toBe('CN=alice')
    },
  )

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
    it.each(REFUSED)(
      `over ${version}, client certificates are refused and reported: %s (B5)`,
      async (_, choose, why) => {
        const { address, server, errors, sessions } = await serveMutual()
        const socket = connectBare(address.port, {
          ...choose(certificates),
          minVersion: version,
          maxVersion: version,
        })
        // With TLS 1.3, the handshake is complete for the client before the server has seen its certificate.
        await closed(socket)
        await until(() => errors.length === 1, 'the refusal is reported')
        expect(errors[0]).toMatchObject({
          name: 'SockError',
          code: 'ERR_SOCK_HANDSHAKE_FAILED',
          remoteAddress: { family: 'ipv4', host: '127.0.0.1' },
        })
        expect(errors[0]?.message).toMatch(why)
        expect(errors[0]?.message).toContain(`"${errors[0]?.remoteAddress}"`)
        expect(types.isNativeError(errors[0]?.cause)).toBe(true)
        expect(sessions).toEqual([])
        expect(server.stats()).toMatchObject({
          accepted: 0,
          open: 0,
          handshaking: 0,
          rejected: { handshakeFailed: 1 },
        })
      },
    )
  })

  it.each([
    ['none', () => ({}), 'UNABLE_TO_GET_ISSUER_CERT'],
    ['a stranger', (all: Certificates) => all.stranger, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['a late one', (all: Certificates) => all.expired, 'CERT_HAS_EXPIRED'],
  ] as [string, (all: Certificates) => Partial<Pair>, string][])(
    'without rejectUnauthorized, client certificates are left to the handler: %s',
    async (_, choose, code) => {
      const { address, sessions, errors } = await serveMutual(false)
      const client = await dial(address, { tls: { ca: certificates.ca, ...choose(certificates) } })
      await client.write('hello')
      expect(`${await readBytes(client, 5)}`).toBe('hello')
      expect(sessions).toMatchObject([{ authorized: false, authorizationError: code }])
      expect(errors).toEqual([])
    },
  )

  it('our client rejects its read when its certificate is refused over TLS 1.3', async () => {
    const { address } = await serveMutual()
    const tls = { ca: certificates.ca, minVersion: 'TLSv1.3' as const }
    const client = await dial(address, { tls })
    const refused = {
      name: 'SockError',
      code: 'ERR_SOCK_HANDSHAKE_FAILED',
      message: expect.stringContaining('the server refused the certificate of this client, or wants one. '),
      cause: expect.objectContaining({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }),
    }
    const error = await rejection(client.read())
    expect(error).toMatchObject(refused)
    expect([isSockError(error), isExpectedClose(error)]).toEqual([true, false])
    const other = await dial(address, { tls })
    expect(await rejection(exchange(other, 'hello'))).toMatchObject(refused)
  })

  it('client certificates that are refused do not affect other clients (B5)', async () => {
    const { address, server, errors } = await serveMutual()
    const refused = Array.from({ length: 10 }, () => connectBare(address.port, {}))
    await Promise.all(refused.map((socket) => closed(socket)))
    await until(() => errors.length === 10, 'all are reported')
    const client = await dial(address, { tls: { ca: certificates.ca, ...certificates.client } })
    await client.write('hello')
    expect(`${await readBytes(client, 5)}`).toBe('hello')
    expect(server.stats()).toMatchObject({ accepted: 1, rejected: { handshakeFailed: 10 } })
  })
})

function connectBare(port: number, options: object): TLSSocket {
  const socket = connect({ host: '127.0.0.1', port, ca: certificates.ca, ...options })
  socket.on('error', () => {})
  socket.resume()
  later(() => socket.destroy())
  return socket
}

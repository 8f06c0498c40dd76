import { beforeAll, describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { createTcpServer, type TcpConnection, type IpAddress } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { dial, echo, readBytes, serve } from './support/servers.js'

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

/** Connects, and returns the name in the server's certificate. */
async function visit(address: IpAddress): Promise<{ client: TcpConnection; name: string | undefined }> {
  const tls = { ca: certificates.ca, checkServerIdentity: () => undefined }
  const client = await dial(address, { tls })
  return { client, name: client.tls?.peerCertificate?.subject }
}

async function answers(client: TcpConnection): Promise<void> {
  await client.write('hello')
  expect(`${await readBytes(client, 5)}`).toBe('hello')
}

/** A certificate and the key of another. */
const mismatch = () => ({ key: certificates.server.key, cert: certificates.other.cert })

describe('setSecureContext', () => {
  it('setSecureContext() gives new connections the new certificate, and leaves open ones alone (B8)', async () => {
    const { server, address } = await serve(echo, { tls: certificates.server })
    const before = await visit(address)
    expect(before.name).toBe('CN=localhost')
    server.setSecureContext(certificates.other)
    const after = await visit(address)
    expect(after.name).toBe('CN=other.test')
    await answers(before.client)
    await answers(after.client)
    expect(server.stats()).toMatchObject({ accepted: 2, open: 2 })
  })

  it('setSecureContext() works before the server listens, and again after it was closed', async () => {
    const { server } = await serve(echo, { tls: certificates.server })
    await server.close()
    server.setSecureContext(certificates.other)
    const { client, name } = await visit(await server.listen('127.0.0.1:0'))
    expect(name).toBe('CN=other.test')
    await answers(client)
  })

  it.each<[string, () => object]>([
    ['key and certificate that do not fit', mismatch],
    ['a certificate that is none', () => ({ key: certificates.other.key, cert: 'half a fi' })],
    [
      'a certificate that is cut off',
      () => ({ key: certificates.other.key, cert: certificates.other.cert.slice(0, 400) }),
    ],
    ['a key that is none', () => ({ key: '', cert: certificates.other.cert, pfx: Buffer.from('x') })],
    ['a certificate of another type', () => ({ key: certificates.other.key, cert: 42 })],
    ['unknown ciphers', () => ({ ...certificates.other, ciphers: 'no-such-cipher' })],
  ])('setSecureContext() throws for %s, and the old one stays (B7)', async (_, context) => {
    const { server, address } = await serve(echo, { tls: certificates.server })
    const error = thrown(() => server.setSecureContext(context()))
    expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_TLS' })
    expect(error.message).toMatch(/^Cannot use the TLS options?( .+)?: .+/)
    expect(error.cause).toBeDefined()
    const { client, name } = await visit(address)
    expect(name).toBe('CN=localhost')
    await answers(client)
  })

  it.each(['ca.pem', [Buffer.from('ca.pem')]])(
    'setSecureContext() throws for a "ca" without a certificate, and says what to pass: %p',
    (ca) => {
      const server = createTcpServer(echo, { tls: certificates.server })
      expect(thrown(() => server.setSecureContext({ ...certificates.other, ca }))).toMatchObject({
        code: 'ERR_SOCK_INVALID_TLS',
        message:
          'Cannot use the TLS option "ca": there is no certificate in it. Pass the content of the PEM file, not its path',
      })
    },
  )

  it.each([undefined, null, 'cert', 42, []])(
    'setSecureContext() throws for %p, and the old one stays',
    async (context) => {
      const { server, address } = await serve(echo, { tls: certificates.server })
      expect(thrown(() => server.setSecureContext(context as never))).toMatchObject({
        code: 'ERR_SOCK_INVALID_TLS',
      })
      expect((await visit(address)).name).toBe('CN=localhost')
    },
  )

  it('setSecureContext() throws on a server without TLS', () => {
    const error = thrown(() => createTcpServer(echo).setSecureContext(certificates.server))
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    expect(error.message).toContain('without the option "tls"')
  })
})

describe('createTcpServer', () => {
  it.each<[string, () => object]>([
    ['key and certificate that do not fit', mismatch],
    ['a certificate that is none', () => ({ key: certificates.other.key, cert: 'certificate' })],
    ['a key that is none', () => ({ key: 'key', cert: certificates.other.cert })],
    ['an unknown version', () => ({ ...certificates.server, minVersion: 'TLSv9' })],
    ['an SNICallback that is no function', () => ({ ...certificates.server, SNICallback: 'other.test' })],
  ])('createTcpServer() throws for tls with %s', (_, tls) => {
    const error = thrown(() => createTcpServer(echo, { tls: tls() }))
    expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_TLS' })
    expect(error.cause).toBeDefined()
  })

  it.each<[string, () => object, RegExp]>([
    ['nothing', () => ({}), /there is no certificate. Pass "cert" and "key", or "pfx"$/],
    ['variables that are not set', () => ({ cert: undefined, key: undefined }), /there is no certificate/],
    ['a key alone', () => ({ key: certificates.other.key }), /there is no certificate/],
    [
      'a certificate alone',
      () => ({ cert: certificates.other.cert }),
      /there is no "key" for the "cert". Pass both$/,
    ],
    ['ciphers that need one', () => ({ ciphers: 'HIGH:!aNULL' }), /there is no certificate/],
  ])('createTcpServer() throws for tls with %s, and setSecureContext() too', async (_, tls, message) => {
    const { server } = await serve(echo, { tls: certificates.server })
    for (const attempt of [
      () => createTcpServer(echo, { tls: tls() }),
      () => server.setSecureContext(tls()),
    ]) {
      const error = thrown(attempt)
      expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_TLS' })
      expect(error.message).toMatch(message)
    }
  })

  it.each(['cert', 'key', 'ca', 'pfx', 'passphrase', 'rejectUnauthorized', 'requestCert', 'ALPNProtocols'])(
    'createTcpServer() says of "%s" beside "tls" that it belongs there',
    (key) => {
      for (const options of [{ [key]: 'x' }, { noDelay: true, [key]: 'x', tls: {} }]) {
        expect(thrown(() => createTcpServer(echo, options))).toMatchObject({
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_VALUE',
          message: `Unknown option "${key}" in createTcpServer options: it belongs to the option "tls". Pass tls: { ${key} }`,
        })
      }
    },
  )

  it.each<[string, () => object, RegExp]>([
    [
      'the path of a certificate',
      () => ({ ...certificates.server, cert: 'cert.pem' }),
      /^Cannot use the TLS option "cert": .+\. Pass the content of the PEM file, not its path$/,
    ],
    [
      'the path of a key, as bytes',
      () => ({ ...certificates.server, key: Buffer.from('key.pem') }),
      /^Cannot use the TLS option "key": .+\. Pass the content of the PEM file, not its path$/,
    ],
    [
      'a certificate that is cut off',
      () => ({ ...certificates.server, cert: certificates.server.cert.slice(0, 400) }),
      /^Cannot use the TLS option "cert": (?!.*Pass the content)/,
    ],
    ['a broken archive', () => ({ pfx: Buffer.from('x') }), /^Cannot use the TLS option "pfx": (?!.*PEM)/],
    [
      'the key of another certificate',
      mismatch,
      /^Cannot use the TLS options "cert" and "key": .+\. Pass the key of this certificate$/,
    ],
    [
      'what is no single option',
      () => ({ ...certificates.server, ciphers: 'no-such-cipher' }),
      /^Cannot use the TLS options: .*no cipher match$/,
    ],
  ])('createTcpServer() throws for tls with %s, names the option, and shows no key', (_, tls, message) => {
    const error = thrown(() => createTcpServer(echo, { tls: tls() }))
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/BEGIN|key\.pem/)
  })

  it.each<[string, object]>([
    ['a certificate per name', { SNICallback: () => {} }],
    ['a key that both sides know', { pskCallback: () => null }],
    ['ciphers without certificates', { ciphers: 'aNULL:@SECLEVEL=0' }],
  ])('createTcpServer() takes tls with %s', (_, tls) => {
    expect(createTcpServer(echo, { tls }).secure).toBe(true)
  })
})

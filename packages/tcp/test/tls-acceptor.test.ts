import { beforeAll, describe, expect, it } from '@jest/globals'
import { rejection, until } from '@sock/test-support/wait'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { types } from 'node:util'
import type { Connection, IpAddress, TcpServerOptions } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { untimed } from './support/clock.js'
import { closed, collect, dial, dialRaw, echo, readBytes, serve, type Running } from './support/servers.js'

let certificates: Certificates
let hello: Buffer
beforeAll(async () => {
  certificates = await createCertificates()
  hello = await recordClientHello()
})

function serveTls(options: TcpServerOptions = {}): Promise<Running> {
  return serve(echo, { ...options, tls: { ...certificates.server, ...options.tls } })
}

/** The first thing that a real client sends. */
async function recordClientHello(): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const attempt = dial(`127.0.0.1:${port}`, { tls: true })
  attempt.catch(() => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  server.close()
  await rejection(attempt)
  return chunk
}

/** A client whose handshake is complete for the server, too: the server has answered it. */
function greeted(address: IpAddress): Promise<Connection> {
  return untimed(async () => {
    const client = await dial(address, { tls: { ca: certificates.ca } })
    await client.write('hello')
    expect(`${await readBytes(client, 5)}`).toBe('hello')
    return client
  })
}

async function served(address: IpAddress): Promise<void> {
  const client = await greeted(address)
  await client.close()
}

const BROKEN: [string, (socket: Socket) => void][] = [
  ['plain text', (socket) => void socket.write('hello\n')],
  ['HTTP', (socket) => void socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['garbage', (socket) => void socket.write(Buffer.alloc(1_000, 0xff))],
  ['zeros', (socket) => void socket.write(Buffer.alloc(1_000))],
  ['a record that is too large', (socket) => void socket.write(Buffer.from([22, 3, 1, 0xff, 0xff, 1, 2, 3]))],
  ['FIN at once', (socket) => void socket.end()],
  ['RST at once', (socket) => void socket.resetAndDestroy()],
  ['half a ClientHello and FIN', (socket) => void socket.end(hello.subarray(0, 50))],
  [
    'half a ClientHello and RST',
    (socket) => socket.write(hello.subarray(0, 50), () => socket.resetAndDestroy()),
  ],
  ['a ClientHello and FIN', (socket) => void socket.end(hello)],
  [
    'RST in answer to the ServerHello',
    (socket) => {
      socket.write(hello)
      socket.once('data', () => socket.resetAndDestroy())
    },
  ],
  [
    'garbage in answer to the ServerHello',
    (socket) => {
      socket.write(hello)
      socket.once('data', () => socket.write(Buffer.alloc(100, 0x55)))
    },
  ],
]

describe('a handshake', () => {
  it.each(BROKEN)(
    'a handshake that is %s fails, is reported with the peer, and affects no other connection (B3, B4)',
    async (_, act) => {
      const { address, server, errors, events } = await serveTls()
      const socket = await dialRaw(address)
      const { localAddress: host, localPort: port } = socket
      act(socket)
      await until(() => errors.length > 0, 'the failure is reported')
      expect(errors).toMatchObject([
        { name: 'SockError', code: 'ERR_SOCK_HANDSHAKE_FAILED', remoteAddress: { host, port } },
      ])
      expect(types.isNativeError(errors[0]?.cause)).toBe(true)
      expect(events).toEqual([])
      socket.resume()
      await closed(socket)
      await served(address)
      expect(server.stats()).toMatchObject({ accepted: 1, handshaking: 0, rejected: { handshakeFailed: 1 } })
      expect(errors).toHaveLength(1)
    },
  )

  const NO_TLS = 'the peer does not speak TLS'
  const ENDED = 'the peer ended the handshake'

  it.each<[string, string, string, (socket: Socket) => void]>([
    ['plain text', NO_TLS, 'ERR_SSL_WRONG_VERSION_NUMBER', (socket) => void socket.write('hello\n')],
    ['HTTP', NO_TLS, 'ERR_SSL_HTTP_REQUEST', (socket) => void socket.write('GET / HTTP/1.1\r\n\r\n')],
    [
      'a request to a proxy',
      NO_TLS,
      'ERR_SSL_HTTPS_PROXY_REQUEST',
      (socket) => void socket.write('CONNECT x:443 HTTP/1.1\r\n\r\n'),
    ],
    ['FIN at once', ENDED, 'ECONNRESET', (socket) => void socket.end()],
    [
      'FIN in answer to the certificate',
      `${ENDED}; it may not trust the certificate`,
      'ECONNRESET',
      (socket) => {
        socket.write(hello)
        socket.once('data', () => socket.end())
      },
    ],
  ])('a handshake that is %s is reported with its reason: %s', async (_, reason, code, act) => {
    const { address, errors } = await serveTls()
    const socket = await dialRaw(address)
    const { localPort: port } = socket
    act(socket)
    await until(() => errors.length === 1, 'the failure is reported')
    const [error] = errors
    expect(error?.message).toBe(`Cannot complete the TLS handshake with "127.0.0.1:${port}": ${reason}`)
    // The original error is kept, and its code is easy to find.
    expect(error?.cause).toMatchObject({ code, cause: { code } })
    socket.destroy()
  })

  it('a handshake counts while it lasts, but not as an open connection', async () => {
    const { address, server } = await serveTls()
    const sockets = await Promise.all([dialRaw(address), dialRaw(address), dialRaw(address)])
    await until(() => server.stats().handshaking === 3, 'three shake hands')
    expect(server.openConnections).toBe(0)
    sockets[0]?.resetAndDestroy()
    await until(() => server.stats().handshaking === 2, 'two shake hands')
    await served(address)
    expect(server.stats()).toMatchObject({ handshaking: 2, accepted: 1 })
  })

  it('a handshake counts towards maxConnections (A13)', async () => {
    const { address, server, errors } = await serveTls({ maxConnections: 1 })
    const first = await dialRaw(address)
    await until(() => server.stats().handshaking === 1, 'the first shakes hands')
    const second = await dialRaw(address)
    second.resume()
    await closed(second)
    expect(errors).toMatchObject([
      { code: 'ERR_SOCK_CONNECTION_LIMIT', remoteAddress: { host: '127.0.0.1' } },
    ])
    expect(server.stats()).toMatchObject({ rejected: { connectionLimit: 1 } })
    first.resetAndDestroy()
    await until(() => server.stats().handshaking === 0, 'the first is gone')
    await served(address)
  })

  it('a handshake is bounded by maxHandshakes: the excess is closed at once, and open connections go on', async () => {
    const { address, server, errors } = await serveTls({ maxHandshakes: 3 })
    const established = await dial(address, { tls: { ca: certificates.ca } })
    await until(() => server.openConnections === 1, 'one is connected')
    const pending = await Promise.all([dialRaw(address), dialRaw(address), dialRaw(address)])
    await until(() => server.stats().handshaking === 3, 'three shake hands')
    const excess = await Promise.all(Array.from({ length: 20 }, () => dialRaw(address)))
    await Promise.all(excess.map((socket) => closed(socket.resume())))
    expect(server.stats()).toMatchObject({ handshaking: 3, rejected: { handshakeLimit: 20 } })
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['ERR_SOCK_HANDSHAKE_LIMIT']))
    await established.write('hello')
    expect(`${await readBytes(established, 5)}`).toBe('hello')
    pending[0]?.resetAndDestroy()
    await until(() => server.stats().handshaking === 2, 'a place is free')
    await served(address)
  })

  it('a handshake fails by an SNICallback that gives an error (B5)', async () => {
    const { address, server, errors } = await serveTls({
      tls: { SNICallback: (_, done) => done(new Error('no such name')) },
    })
    const attempt = dial(address, { tls: { ca: certificates.ca }, serverName: 'localhost' })
    expect(await rejection(attempt)).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    await until(() => errors.length === 1, 'the failure is reported')
    expect(errors[0]).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED', cause: { message: 'no such name' } })
    expect(server.stats()).toMatchObject({ handshaking: 0, rejected: { handshakeFailed: 1 } })
  })

  it.each(['SNICallback', 'ALPNCallback'])('a handshake fails by an %s that throws (B5)', async (name) => {
    const callback = (): never => {
      throw new Error('thrown by the callback')
    }
    const { address, server, errors } = await serveTls({ tls: { [name]: callback } })
    const tls = { ca: certificates.ca, ALPNProtocols: ['a'] }
    const attempt = dial(address, { tls, serverName: 'localhost' })
    expect(await rejection(attempt)).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    await until(() => errors.length === 1, 'the failure is reported')
    expect(errors[0]).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    expect(server.stats()).toMatchObject({ handshaking: 0, rejected: { handshakeFailed: 1 } })
  })

  it('a handshake ends at the deadline with an SNICallback that never calls back (B5)', async () => {
    const { address, server, errors } = await serveTls({
      handshakeTimeout: 200,
      tls: { SNICallback: () => {} },
    })
    const attempt = dial(address, { tls: { ca: certificates.ca }, serverName: 'localhost' })
    expect(await rejection(attempt)).toMatchObject({ code: 'ERR_SOCK_HANDSHAKE_FAILED' })
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_HANDSHAKE_TIMEOUT' }])
    expect(server.stats()).toMatchObject({ handshaking: 0, rejected: { handshakeTimeout: 1 } })
  })
})

describe('handshakeTimeout', () => {
  const TIMEOUT = 300

  /** How long a peer lives that behaves like this. */
  async function lifetime(act: (socket: Socket) => void): Promise<Running & { lived: number; sent: number }> {
    const running = await serveTls({ handshakeTimeout: TIMEOUT })
    const started = performance.now()
    const socket = await dialRaw(running.address)
    act(socket)
    socket.resume()
    await closed(socket)
    return { ...running, lived: performance.now() - started, sent: socket.bytesWritten }
  }

  it.each<[string, (socket: Socket) => void]>([
    ['sends nothing', () => {}],
    ['stops half way', (socket) => void socket.write(hello.subarray(0, 100))],
    ['never answers the ServerHello', (socket) => void socket.write(hello)],
  ])('handshakeTimeout destroys a peer that %s (B1, B2)', async (_, act) => {
    const { address, server, errors, lived } = await lifetime(act)
    expect(lived).toBeGreaterThanOrEqual(TIMEOUT)
    expect(errors).toMatchObject([
      { code: 'ERR_SOCK_HANDSHAKE_TIMEOUT', remoteAddress: { family: 'ipv4', host: '127.0.0.1' } },
    ])
    expect(server.stats()).toMatchObject({
      handshaking: 0,
      rejected: { handshakeTimeout: 1, handshakeFailed: 0 },
    })
    await served(address)
  })

  it('handshakeTimeout is absolute: a peer that sends a byte now and then is destroyed all the same (B2)', async () => {
    const { errors, sent } = await lifetime((socket) => {
      void (async () => {
        for (const byte of hello) {
          if (socket.destroyed) return
          socket.write(Buffer.of(byte))
          await sleep(20)
        }
      })()
    })
    // Sending all of it takes many times as long as the time-out.
    expect(sent).toBeLessThan(hello.length)
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_HANDSHAKE_TIMEOUT' }])
  })

  it('handshakeTimeout is no limit for the connection afterwards', async () => {
    const { address, server } = await serveTls({ handshakeTimeout: 100 })
    const client = await greeted(address)
    const silent = await dialRaw(address)
    silent.resume()
    await closed(silent)
    expect(server.stats()).toMatchObject({ open: 1, rejected: { handshakeTimeout: 1 } })
    await client.write('still here')
    expect(`${await readBytes(client, 10)}`).toBe('still here')
  })
})

describe('highWaterMark', () => {
  it.each([1, 1_000, 8_192])(
    "highWaterMark of %d, less than Node's own for TLS, makes write() wait and go on",
    async (mark) => {
      const { address } = await serve(
        async (connection) => {
          for (let count = 0; count < 50; count++) await connection.write(Buffer.alloc(20_000, count))
        },
        { highWaterMark: mark, tls: certificates.server },
      )
      const client = await dial(address, { tls: { ca: certificates.ca }, highWaterMark: mark })
      const got = await collect(client)
      expect(got.length).toBe(1_000_000)
      expect(got.subarray(-20_000).equals(Buffer.alloc(20_000, 49))).toBe(true)
    },
  )
})

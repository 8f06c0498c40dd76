import { beforeAll, describe, expect, it } from '@jest/globals'
import { provoke, type Scene, type StreamFixture } from '@sock/testing'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { connectTcp, createTcpServer, type IpAddress, type TcpServer } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { closed, echo, serve } from './support/servers.js'

let certificates: Certificates
beforeAll(async () => void (certificates = await createCertificates()))

const fixture: StreamFixture = {
  name: 'tcp with TLS',
  createServer: (handler, options) => createTcpServer(handler, { tls: certificates.server, ...options }),
  target: () => '127.0.0.1:0',
  connect: (address, options) =>
    connectTcp(address as never, {
      tls: { ca: certificates.ca, checkServerIdentity: () => undefined },
      ...options,
    }),
}

/** A TLS client of Node over a socket that the test controls. */
function dialNode(scene: Scene, options: ConnectionOptions = {}): { raw: Socket; socket: TLSSocket } {
  const { host, port } = scene.address as IpAddress
  const raw = connectSocket({ host, port, allowHalfOpen: true })
  const socket = connect({ socket: raw, ca: certificates.ca, servername: 'localhost', ...options })
  for (const each of [raw, socket]) each.on('error', () => {})
  return { raw, socket }
}

async function echoes(socket: TLSSocket): Promise<void> {
  socket.write('x')
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  expect(`${chunk}`).toBe('x')
}

async function leave(...clients: { raw: Socket; socket: TLSSocket }[]): Promise<void> {
  for (const { raw, socket } of clients) {
    socket.destroy()
    raw.destroy()
    await closed(raw)
  }
}

describe('a client of TLS 1.2 that asks for renegotiation', () => {
  it('a client that asks for renegotiation again and again is closed, reported, and affects no other connection (B6)', () =>
    provoke(fixture, async (stage) => {
      const scene = await stage.serve(echo)
      const client = dialNode(scene, { maxVersion: 'TLSv1.2' })
      await once(client.socket, 'secureConnect')
      await echoes(client.socket)
      let done = 0
      client.socket.setMaxListeners(0)
      const again = (): void => {
        client.socket.renegotiate({}, (error) => {
          if (error === null) done += 1
        })
        // Written data carries the new handshake.
        client.socket.write('x')
      }
      client.socket.on('data', again)
      again()
      await until(() => scene.events.at(-1)?.state === 'close', 'the server closes it')
      // Node takes three in ten minutes: tls.CLIENT_RENEG_LIMIT.
      expect(done).toBeLessThanOrEqual(3)
      expect(new Set(scene.errors.map((error) => (error as { code?: string }).code))).toEqual(
        new Set(['ERR_TLS_SESSION_ATTACK']),
      )
      await leave(client)
      await until(() => scene.server.openConnections === 0, 'it is closed')
      return scene
    }))
})

describe('setSecureContext in the middle of everything', () => {
  it('setSecureContext() does not affect open connections and handshakes, and accepts old tickets or makes a new handshake (B8)', () =>
    provoke(fixture, async (stage) => {
      const scene = await stage.serve(echo)
      const server = scene.server as unknown as TcpServer
      const before = dialNode(scene)
      let ticket: Buffer | undefined
      before.socket.on('session', (session: Buffer) => (ticket = session))
      await once(before.socket, 'secureConnect')
      await echoes(before.socket)
      await until(() => ticket !== undefined, 'a ticket comes')

      // The server has accepted it, but its ClientHello has not been sent yet.
      const { host, port } = scene.address as IpAddress
      const raw = connectSocket({ host, port })
      await until(() => server.stats().handshaking === 1, 'it shakes hands')
      server.setSecureContext(certificates.other)
      const under = connect({ socket: raw, ca: certificates.ca, servername: 'localhost' })
      under.on('error', () => {})
      const outcome = await Promise.race([
        once(under, 'secureConnect').then(() => under.getPeerCertificate().subject.CN),
        once(under, 'close').then(() => 'refused'),
      ])
      // It gets one of the two certificates, or is refused.
      expect(['localhost', 'other.test', 'refused']).toContain(outcome)

      const options = { servername: 'other.test', ...(ticket && { session: ticket }) }
      const after = dialNode(scene, options)
      await once(after.socket, 'secureConnect')
      await echoes(after.socket)
      expect(
        after.socket.isSessionReused() || after.socket.getPeerCertificate().subject.CN === 'other.test',
      ).toBe(true)
      await echoes(before.socket)
      await leave(before, { raw, socket: under }, after)
      await until(() => server.openConnections === 0, 'all are closed')
      server.setSecureContext(certificates.server)
      return scene
    }))
})

describe('a FIN without the farewell of TLS (close_notify)', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a FIN without close_notify is the end of the input, over %s (B9)',
    (version) =>
      provoke(fixture, async (stage) => {
        const scene = await stage.serve(echo)
        const client = dialNode(scene, { minVersion: version, maxVersion: version })
        await once(client.socket, 'secureConnect')
        await echoes(client.socket)
        client.raw.end()
        await until(() => scene.events.some(({ state }) => state === 'closeRead'), 'the server sees the end')
        await leave(client)
        await until(() => scene.server.openConnections === 0, 'it is closed')
        expect(scene.errors).toEqual([])
        return scene
      }),
  )
})

describe('a callback that fails as soon as the handshake is complete', () => {
  it('open() that writes and throws, to a peer that has reset the connection, leaves the server as it is', async () => {
    const { address, server } = await serve(
      {
        open(connection) {
          connection.write(Buffer.alloc(4_097)).catch(() => {})
          throw new Error('a failure')
        },
      },
      { tls: certificates.server },
    )
    for (let round = 0; round < 10; round++) {
      const raw = connectSocket({ host: address.host, port: address.port, noDelay: true })
      const client = connect({ socket: raw, ca: certificates.ca, servername: 'localhost' })
      for (const socket of [raw, client]) socket.on('error', () => {})
      client.once('secureConnect', () => {
        client.write('x')
        raw.resetAndDestroy()
      })
      await closed(raw)
    }
    await until(() => server.stats().open + server.stats().handshaking === 0, 'all are closed')
    expect(server.state).toBe('listening')
  })
})

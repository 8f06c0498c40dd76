import { beforeAll, describe, expect, it } from '@jest/globals'
import { later } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import { connect as tlsConnect } from 'node:tls'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { connectTcp, type IpAddress } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { closed, dial, dialRaw, readBytes, echo, serve, type Running } from './support/servers.js'

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

function serveTls(options: { handshakeTimeout?: number; drainIdle?: number } = {}): Promise<Running> {
  return serve(echo, { ...options, tls: certificates.server })
}

/** A relay that holds back the client's bytes until the test releases them. */
async function relay(to: IpAddress): Promise<{ port: number; goOn: () => void }> {
  const waiting: [Socket, Socket][] = []
  const server = createServer((client) => {
    const upstream = connect(to.port, to.host)
    for (const socket of [client, upstream]) {
      socket.on('error', () => {})
      later(() => socket.destroy())
    }
    upstream.pipe(client)
    waiting.push([client, upstream])
  })
  later(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, goOn: () => waiting.forEach(([client, upstream]) => client.pipe(upstream)) }
}

describe('close', () => {
  it('close() destroys handshakes, and counts none of them as failed', async () => {
    const { address, server, errors } = await serveTls()
    const silent = await Promise.all([dialRaw(address), dialRaw(address)])
    await until(() => server.stats().handshaking === 2, 'both shake hands')
    const gone = silent.map((socket) => closed(socket.resume()))
    await server.close()
    await Promise.all(gone)
    expect(server.state).toBe('closed')
    expect(server.stats()).toMatchObject({
      handshaking: 0,
      rejected: { handshakeTimeout: 0, handshakeFailed: 0 },
    })
    expect(errors).toEqual([])
  })
})

describe('shutdown', () => {
  it('shutdown() is not held up by peers that are silent in their handshake (B1, B11)', async () => {
    const { address, server } = await serveTls({ handshakeTimeout: 60_000, drainIdle: 50 })
    await dialRaw(address)
    await until(() => server.stats().handshaking === 1, 'the peer shakes hands')
    // Waiting for the deadline of the handshake would exceed the time-out of this test.
    expect(await server.shutdown({ timeout: 60_000 })).toEqual({ idle: 0, drained: 0, forced: 0 })
    expect(server.stats()).toMatchObject({ handshaking: 0, rejected: { handshakeTimeout: 1 } })
  })

  it('shutdown() destroys handshakes at its deadline, and counts them as forced (B11, G6)', async () => {
    const { address, server } = await serveTls({ drainIdle: 10_000 })
    const silent = await dialRaw(address)
    silent.resume()
    await until(() => server.stats().handshaking === 1, 'the peer shakes hands')
    const error = await rejection(server.shutdown({ timeout: 50 }))
    expect(error).toMatchObject({
      code: 'ERR_SOCK_SHUTDOWN_TIMEOUT',
      report: { idle: 0, drained: 0, forced: 1 },
    })
    await closed(silent)
    expect(server.state).toBe('closed')
  })

  it('shutdown() still serves a client in the middle of its handshake (B11)', async () => {
    const { address, server, errors } = await serveTls()
    const { port, goOn } = await relay(address)
    const attempt = connectTcp(`127.0.0.1:${port}`, { tls: { ca: certificates.ca } })
    attempt.catch(() => {})
    await until(() => server.stats().handshaking === 1, 'the client shakes hands')
    const down = server.shutdown()
    expect(server.state).toBe('draining')
    goOn()
    const client = await attempt
    later(() => client.destroy())
    await client.write('late')
    expect(`${await readBytes(client, 4)}`).toBe('late')
    await client.close()
    expect(await down).toMatchObject({ forced: 0 })
    expect(server.stats().accepted).toBe(1)
    expect(errors).toEqual([])
  })

  it('shutdown() still serves TLS clients that wait to be accepted (G3)', async () => {
    const { address, server } = await serveTls()
    const sockets = Array.from({ length: 20 }, () => {
      const socket = tlsConnect({ host: address.host, port: address.port, ca: certificates.ca })
      later(() => socket.destroy())
      return socket
    })
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const down = server.shutdown()
    const answers = sockets.map(async (socket) => {
      socket.end('hello')
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      return `${chunk}`
    })
    expect(await Promise.all(answers)).toEqual(sockets.map(() => 'hello'))
    expect(await down).toMatchObject({ forced: 0 })
    expect(server.stats()).toMatchObject({ accepted: 20 })
  })

  it('shutdown() ends idle TLS connections, whose clients read the end', async () => {
    const { address, server } = await serveTls({ drainIdle: 50 })
    const client = await dial(address, { tls: { ca: certificates.ca } })
    await client.write('hello')
    expect(`${await readBytes(client, 5)}`).toBe('hello')
    const end = client.read()
    const down = server.shutdown()
    expect(await end).toBeNull()
    await client.close()
    expect(await down).toEqual({ idle: 1, drained: 0, forced: 0 })
  })
})

import { beforeAll, describe, expect, it } from '@jest/globals'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { IpAddress, StreamHandler } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { collect, dialRaw, readToEnd, serve, type Running } from './support/servers.js'

const MIB = 1024 * 1024

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

function serveTls(handler: StreamHandler): Promise<Running> {
  return serve(handler, { tls: certificates.server })
}

/** A TLS client of Node, which can keep its side open. */
async function dialBare(address: IpAddress): Promise<TLSSocket> {
  const raw = await dialRaw(address, { allowHalfOpen: true })
  const socket = connect({ socket: raw, ca: certificates.ca, host: address.host })
  socket.on('error', () => {})
  later(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

describe('node:tls', () => {
  it('a TLS client of Node that has ended gets the whole answer', async () => {
    const { address } = await serveTls(async (connection) => {
      const request = await collect(connection)
      await connection.write(Buffer.alloc(MIB, request))
    })
    const socket = await dialBare(address)
    socket.end('ab')
    const answer = await readToEnd(socket)
    expect(answer?.equals(Buffer.alloc(MIB, 'ab'))).toBe(true)
  })

  it('a TLS client of Node gets the whole answer to input that was left unread, twenty times', async () => {
    const { address, server } = await serveTls(async (connection) => {
      await connection.write(Buffer.alloc(MIB, 1))
    })
    for (let round = 1; round <= 20; round++) {
      const socket = await dialBare(address)
      socket.write(Buffer.alloc(MIB))
      await until(() => server.stats().bytesWritten === round * MIB, 'the answer is written')
      expect((await readToEnd(socket))?.length).toBe(MIB)
      socket.destroy()
    }
  })
})

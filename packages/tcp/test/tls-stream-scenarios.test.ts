import { beforeAll, describe, expect, it } from '@jest/globals'
import { exchange } from '@sock/core'
import { later } from '@sock/tools/testing/resources'
import { rejection, until } from '@sock/tools/testing/wait'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { IpAddress, StreamHandler, TcpServerOptions } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { untimed } from './support/clock.js'
import {
  closed,
  dialRaw,
  collect,
  dial,
  echo,
  readBytes,
  readToEnd,
  serve,
  type Running,
} from './support/servers.js'

const MIB = 1024 * 1024

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

function serveTls(handler: StreamHandler = echo, options: TcpServerOptions = {}): Promise<Running> {
  return serve(handler, { ...options, tls: certificates.server })
}

/** Node's own TLS client, which can keep its side open, and the bare socket below it. */
async function dialBare(address: IpAddress): Promise<{ socket: TLSSocket; raw: Socket }> {
  const raw = await dialRaw(address, { allowHalfOpen: true })
  const socket = connect({ socket: raw, ca: certificates.ca, host: address.host })
  socket.on('error', () => {})
  later(() => socket.destroy())
  await once(socket, 'secureConnect')
  return { socket, raw }
}

describe('a TLS connection', () => {
  it.each([
    ['TLSv1.2', 1],
    ['TLSv1.3', 1],
    ['TLSv1.3', 20],
  ] as const)('over %s echoes %d MiB byte by byte', async (version, size) => {
    const { address, server } = await serveTls()
    const sent = randomBytes(size * MIB)
    const tls = { ca: certificates.ca, minVersion: version, maxVersion: version }
    const client = await dial(address, { tls })
    const got = await exchange(client, sent)
    expect(got.equals(sent)).toBe(true)
    await until(() => server.openConnections === 0, 'the connection is closed')
    expect(server.stats()).toMatchObject({ bytesRead: sent.length, bytesWritten: sent.length })
  })

  it('a TLS connection gives the answer although the client has ended long before', async () => {
    let ended: (() => void) | undefined
    const { address, errors, events } = await serveTls(async (connection) => {
      const request = await collect(connection)
      await new Promise<void>((resolve) => (ended = resolve))
      await connection.write(`late answer to ${request}`)
    })
    const client = await dial(address, { tls: { ca: certificates.ca } })
    await client.write('question')
    await client.closeWrite()
    await until(() => ended !== undefined, 'the end was seen')
    expect(client.isOpen).toBe(false)
    ended?.()
    expect(`${await collect(client)}`).toBe('late answer to question')
    await client.close()
    await until(() => events.at(-1)?.state === 'close', 'the connection is closed')
    expect(events.at(-1)).toMatchObject({ reason: 'ended' })
    expect(errors).toEqual([])
  })

  it('a TLS connection gives the answer to a client of Node that has ended', async () => {
    const { address } = await serveTls(async (connection) => {
      const request = await collect(connection)
      await connection.write(Buffer.alloc(MIB, request))
    })
    const { socket } = await dialBare(address)
    socket.end('ab')
    const answer = await readToEnd(socket)
    expect(answer?.equals(Buffer.alloc(MIB, 'ab'))).toBe(true)
  })

  it('a TLS connection keeps reading after the server has ended its side', async () => {
    let got: Buffer | undefined
    const { address } = await serveTls(async (connection) => {
      await connection.write('bye')
      await connection.closeWrite()
      got = await collect(connection)
    })
    const client = await dial(address, { tls: { ca: certificates.ca } })
    expect(`${await collect(client)}`).toBe('bye')
    await client.write(Buffer.alloc(MIB, 7))
    await client.closeWrite()
    await until(() => got !== undefined, 'the server has read all')
    expect(got?.equals(Buffer.alloc(MIB, 7))).toBe(true)
  })

  it('a TLS connection gives the answer to input that was left unread', async () => {
    const { address, server } = await serveTls(async (connection) => {
      await connection.write(Buffer.alloc(MIB, 1))
    })
    for (let round = 1; round <= 20; round++) {
      const { socket } = await dialBare(address)
      socket.write(Buffer.alloc(MIB))
      await until(() => server.stats().bytesWritten === round * MIB, 'the answer is written')
      expect((await readToEnd(socket))?.length).toBe(MIB)
      socket.destroy()
    }
  })

  it('a TLS connection is reset like any other', async () => {
    const read: unknown[] = []
    const { address, errors, events } = await serveTls(async (connection) => {
      read.push(await rejection(connection.read()))
    })
    const { raw } = await dialBare(address)
    await until(() => events.length > 0, 'the connection is there')
    raw.resetAndDestroy()
    await until(() => read.length === 1, 'the handler is done')
    expect(read).toMatchObject([{ code: 'ERR_SOCK_RESET' }])
    await until(() => events.at(-1)?.state === 'close', 'the connection is closed')
    expect(events.at(-1)).toMatchObject({ reason: 'reset' })
    expect(errors).toEqual([])
  })

  it('a TLS connection rejects every pending write when the peer resets', async () => {
    const codes: (string | undefined)[] = []
    const { address, errors, server } = await serveTls(async (connection) => {
      const writes = Array.from({ length: 8 }, () => connection.write(Buffer.alloc(MIB)))
      for (const write of await Promise.allSettled(writes)) {
        codes.push(write.status === 'fulfilled' ? undefined : (write.reason as { code?: string }).code)
      }
    })
    const { socket, raw } = await dialBare(address)
    socket.pause()
    await until(() => server.stats().bytesWritten === 8 * MIB, 'all is written')
    raw.resetAndDestroy()
    await until(() => codes.length === 8, 'every write has settled')
    // What the kernel took at once had nothing to wait for.
    expect(codes.at(-1)).toBe('ERR_SOCK_RESET')
    expect(new Set(codes.filter(Boolean))).toEqual(new Set(['ERR_SOCK_RESET']))
    expect(errors).toEqual([])
  })

  it('a TLS connection is ended by a client that leaves without a word', async () => {
    const { address, server } = await serveTls()
    const { socket } = await dialBare(address)
    await until(() => server.openConnections === 1, 'the connection is there')
    socket.destroy()
    await closed(socket)
    await until(() => server.openConnections === 0, 'the connection is closed')
  })
})

describe('highWaterMark', () => {
  it.each([1, 1_000, 8_192])(
    "highWaterMark of %d, less than Node's own for TLS, makes write() wait and go on",
    async (mark) => {
      const { address } = await serveTls(
        async (connection) => {
          for (let count = 0; count < 50; count++) await connection.write(Buffer.alloc(20_000, count))
        },
        { highWaterMark: mark },
      )
      const client = await dial(address, { tls: { ca: certificates.ca }, highWaterMark: mark })
      const got = await collect(client)
      expect(got.length).toBe(1_000_000)
      expect(got.subarray(-20_000).equals(Buffer.alloc(20_000, 49))).toBe(true)
    },
  )

  it('highWaterMark holds back a writer whose peer does not read', async () => {
    let written = 0
    const { address, server } = await serveTls(
      async (connection) => {
        for (; written < 64 * MIB; written += 16_384) await connection.write(Buffer.alloc(16_384))
      },
      { highWaterMark: 16_384 },
    )
    const { socket } = await dialBare(address)
    socket.pause()
    let seen = -1
    await until(() => {
      const still = written === seen && written > 0
      seen = written
      return still
    }, 'the writer waits')
    expect(written).toBeLessThan(32 * MIB)
    socket.destroy()
    await until(() => server.openConnections === 0, 'the connection is closed')
  })

  it('highWaterMark holds back a peer while its input is not read', async () => {
    let go: (() => void) | undefined
    let got = 0
    const { address } = await serveTls(async (connection) => {
      await new Promise<void>((resolve) => (go = resolve))
      for await (const chunk of connection) got += chunk.length
    })
    const client = await dial(address, { tls: { ca: certificates.ca } })
    let sent = 0
    const sending = (async () => {
      for (; sent < 64 * MIB; sent += 65_536) await client.write(Buffer.alloc(65_536))
      await client.close()
    })()
    let seen = -1
    await until(() => {
      const still = sent === seen && sent > 0 && client.writableNeedDrain
      seen = sent
      return still
    }, 'the client waits')
    expect(sent).toBeLessThan(32 * MIB)
    go?.()
    await sending
    expect(got).toBe(64 * MIB)
  })
})

describe('idleTimeout', () => {
  it('idleTimeout closes a TLS connection on which nothing moves', async () => {
    const { address, server, events } = await serveTls(echo, { idleTimeout: 100 })
    await untimed(async () => {
      const client = await dial(address, { tls: { ca: certificates.ca } })
      await client.write('hi')
      expect(`${await readBytes(client, 2)}`).toBe('hi')
    })
    await until(() => server.stats().idleClosed === 1, 'the connection is closed')
    expect(events.at(-1)).toMatchObject({ state: 'close', reason: 'idle' })
  })
})

import { describe, expect, it } from '@jest/globals'
import { exchange } from '@sock/core'
import { later } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import type { Connection } from '../src/index.js'
import { collect, dial, dialRaw, readToEnd, serve } from './support/servers.js'

const MIB = 1024 * 1024

describe('a peer that resets', () => {
  it('a peer that resets while idle ends the read with ERR_SOCK_RESET, and is no error of the server (A1)', async () => {
    const read: unknown[] = []
    const { address, server, errors, events } = await serve(async (connection) => {
      read.push(await rejection(connection.read()))
    })
    const socket = await dialRaw(address)
    await until(() => server.openConnections === 1, 'the peer is accepted')
    socket.resetAndDestroy()
    await until(() => server.openConnections === 0, 'the connection is closed')
    await until(() => read.length === 1, 'the handler is done')
    expect(read).toMatchObject([{ code: 'ERR_SOCK_RESET', cause: { code: 'ECONNRESET' } }])
    expect(events.at(-1)).toMatchObject({ state: 'close', reason: 'reset' })
    expect(errors).toEqual([])
  })

  it('a peer that resets is not reported either when the handler passes the failure on', async () => {
    const { address, server, errors } = await serve(async (connection) => {
      for await (const chunk of connection) await connection.write(chunk)
    })
    const socket = await dialRaw(address)
    await until(() => server.openConnections === 1, 'the peer is accepted')
    socket.resetAndDestroy()
    await until(() => server.openConnections === 0, 'the connection is closed')
    expect(errors).toEqual([])
    expect(server.stats()).toMatchObject({ handlerErrors: 0 })
  })

  it('a peer that resets right after it connected is counted and forgotten, fifty times', async () => {
    const { address, server, errors } = await serve(async (connection) => void (await collect(connection)))
    for (let round = 0; round < 50; round++) {
      const socket = await dialRaw(address)
      socket.resetAndDestroy()
    }
    await until(() => server.stats().accepted === 50 && server.openConnections === 0, 'all are gone')
    expect(errors).toEqual([])
  })

  it('a peer that resets fires the signal with the reason', async () => {
    let reason: unknown
    const { address, server } = await serve(async (connection) => {
      await once(connection.signal, 'abort')
      reason = connection.signal.reason
    })
    const socket = await dialRaw(address)
    await until(() => server.openConnections === 1, 'the peer is accepted')
    socket.resetAndDestroy()
    await until(() => reason !== undefined, 'the signal fires')
    expect(reason).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })
})

describe('a peer that ends, and is reset after that', () => {
  it('a peer that ends, and is reset after that, has sent everything: read() gives it, and null', async () => {
    const got: string[] = []
    const { address, server } = await serve(async (connection) => {
      await connection.write('never read')
      got.push(`${await collect(connection)}`)
    })
    for (let round = 1; round <= 20; round++) {
      const peer = await dialRaw(address, { allowHalfOpen: true })
      peer.end('whole')
      await once(peer, 'finish')
      // It has not read everything: the system sends a RST, which may overtake our look at the FIN.
      await until(() => server.stats().bytesWritten >= round * 10, 'something waits for the peer')
      peer.destroy()
      await until(() => got.length === round, 'the handler has read it')
    }
    expect(new Set(got)).toEqual(new Set(['whole']))
  })

  it('a peer that ends over TLS, and is reset after that, is whole with its close_notify, though the server has paused it meanwhile', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keySize: 2048,
    })
    const whole = 32 * 1024
    let peers: TLSSocket[] = []
    const raw = createTlsServer({ cert, key, allowHalfOpen: true }, (peer) => {
      peers = [...peers, peer]
      peer.on('error', () => {})
    })
    later(() => void raw.close())
    await once(raw.listen(0, '127.0.0.1'), 'listening')
    const { port } = raw.address() as AddressInfo
    const client = await dial(`127.0.0.1:${port}`, {
      tls: { ca: cert },
      serverName: 'localhost',
      highWaterMark: 1024,
    })
    await until(() => peers.length === 1, 'the peer is there')
    const [peer] = peers as [TLSSocket]
    peer.pause()
    await client.write(Buffer.alloc(100_000))
    peer.end(Buffer.alloc(whole))
    await once(peer, 'finish')
    peer.destroy()
    await once(peer, 'close')
    expect((await collect(client)).length).toBe(whole)
  })
})

describe('an answer to input that was left unread', () => {
  const SIZES = [1, 1_000, 64 * 1024, MIB, 4 * MIB]

  async function roundTrip(size: number, handler: (connection: Connection) => Promise<void>): Promise<void> {
    const { address, server, events } = await serve(handler)
    const rounds = size > MIB ? 10 : 50
    for (let round = 0; round < rounds; round++) {
      const client = await dialRaw(address, { allowHalfOpen: true })
      client.write(Buffer.alloc(MIB))
      // Reads late on purpose: by then the handler has returned.
      await until(() => server.stats().bytesWritten >= size * (round + 1), 'the answer is written')
      const answer = await readToEnd(client)
      expect(answer?.length).toBe(size)
      client.destroy()
    }
    await until(() => server.openConnections === 0, 'every connection is closed')
    const reasons = events.filter(({ state }) => state === 'close').map(({ reason }) => reason)
    expect(reasons).toHaveLength(rounds)
    await server.close()
  }

  it.each(SIZES)(
    'an answer of %d bytes to input that was left unread is not destroyed by a RST',
    async (size) => {
      await roundTrip(size, async (connection) => {
        await connection.write(Buffer.alloc(size))
      })
    },
  )

  it.each(SIZES)(
    'an answer of %d bytes to input that was left unread is not destroyed by a RST when close() is called either',
    async (size) => {
      await roundTrip(size, async (connection) => {
        void connection.write(Buffer.alloc(size))
        await connection.close()
      })
    },
  )

  it('an answer to input that was left unread arrives although the client keeps sending for a while', async () => {
    const { address } = await serve(async (connection) => {
      await connection.read()
      await connection.write('enough')
    })
    const client = await dial(address)
    let sent = 0
    const sending = (async () => {
      for (; sent < 16 * MIB; sent += 64 * 1024) await client.write(Buffer.alloc(64 * 1024))
    })()
    expect(`${await collect(client)}`).toBe('enough')
    await sending
    expect(sent).toBe(16 * MIB)
  })
})

describe('a handler that fails in the middle of an answer', () => {
  const failing = async (connection: Connection): Promise<void> => {
    await connection.read()
    await connection.write('half of the answer')
    throw new Error('failed')
  }

  it.each(['tcp', 'tls'])(
    'a handler that fails in the middle of an answer resets the connection, so that nobody takes half of it for the whole: %s',
    async (kind) => {
      const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
        keySize: 2048,
      })
      const { address, server, errors } = await serve(failing, kind === 'tls' ? { tls: { cert, key } } : {})
      const client = await dial(address, kind === 'tls' ? { tls: { ca: cert }, serverName: 'localhost' } : {})
      await client.write('question')
      expect(`${await client.read()}`).toBe('half of the answer')
      await expect(client.read()).rejects.toMatchObject({
        code: 'ERR_SOCK_RESET',
        cause: { code: 'ECONNRESET' },
      })
      await until(() => server.openConnections === 0, 'it is closed')
      expect(errors).toMatchObject([{ message: 'failed' }])
    },
  )

  it('a handler that fails in the middle of an answer leaves an answer whole whose end was sent before', async () => {
    const { address, errors } = await serve(async (connection) => {
      await connection.read()
      await connection.write('the answer')
      await connection.closeWrite()
      throw new Error('too late')
    })
    expect(`${await exchange(await dial(address), 'question')}`).toBe('the answer')
    await until(() => errors.length === 1, 'the failure is reported')
  })
})

describe('a shutdown that has no more patience', () => {
  it('shutdown() at its deadline resets connections in the middle of an answer, and ends those that wait for a request', async () => {
    const { address, server } = await serve(
      async (connection) => {
        for await (const question of connection) {
          await connection.write(question)
          await new Promise(() => {})
        }
      },
      // No connection counts as idle before the deadline.
      { drainIdle: 60_000 },
    )
    const busy = await dial(address)
    const waiting = await dial(address)
    await busy.write('half of the answer')
    expect(`${await busy.read()}`).toBe('half of the answer')
    await until(() => server.openConnections === 2, 'both are accepted')
    const ends = [rejection(busy.read()), waiting.read()]
    await expect(server.shutdown({ timeout: 20 })).rejects.toMatchObject({ report: { forced: 2 } })
    expect(await Promise.all(ends)).toMatchObject([{ code: 'ERR_SOCK_RESET' }, null])
  })

  it('shutdown() at its deadline resets a peer that has not read the answer', async () => {
    const { address, server } = await serve(async (connection) => {
      await connection.read()
      void connection.write(Buffer.alloc(16 * MIB))
    })
    const client = await dialRaw(address)
    client.pause()
    client.write('question')
    await until(() => server.stats().bytesWritten > 0, 'it is answered')
    await rejection(server.shutdown({ timeout: 20 }))
    // Node reports data and a reset within one turn as data and an end; a writer sees the reset.
    const failure = await new Promise((resolve) => client.write('more', resolve))
    expect(failure).toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET/) })
  })
})

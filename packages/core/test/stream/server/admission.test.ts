import { describe, expect, it } from '@jest/globals'
import { createDeferred } from '../../../src/lib/async/deferred.js'
import { readLimit } from '../../../src/lib/stream/server/descriptor-limit.js'
import {
  createFakeHandshake,
  createFakeListener,
  createFakeStreamPort,
  type FakeHandshake,
  type FakeStreamPort,
} from '@sock/testing'
import type { StreamListenerSink } from '../../../src/stream.js'
import { createFakeServer, serveFake } from '../../support/fake-server.js'

const never = () => createDeferred().promise

describe('maxConnections', () => {
  it('maxConnections counts handshakes, and frees their places when they fail (B10)', async () => {
    const { sink, server, errors, accept } = await serveFake(never, { maxConnections: 2 })
    const handshake = createFakeHandshake()
    sink.handshake(handshake)
    accept()
    const refused = [accept(), createFakeHandshake()] as const
    sink.handshake(refused[1])
    expect(refused[0].calls).toEqual(['destroy'])
    expect(refused[1].isDestroyed).toBe(true)
    expect(server.stats()).toMatchObject({ open: 1, handshaking: 1, rejected: { connectionLimit: 2 } })
    expect(errors.map(({ message }) => message)).toEqual([
      'Refused "127.0.0.1:50000": the limit "maxConnections" of 2 is reached',
      'Refused "127.0.0.1:50001": the limit "maxConnections" of 2 is reached',
    ])
    handshake.failed(new Error('no'))
    expect(accept().isStarted).toBe(true)
  })

  it('maxConnections reads no address of a peer without an "error" listener', async () => {
    const listener = createFakeListener()
    let sink!: StreamListenerSink
    const server = createFakeServer(
      never,
      (given) => {
        sink = given
        return Promise.resolve(listener)
      },
      { maxConnections: 0 },
    )
    await server.listen('anywhere')
    let asked = 0
    const peer = (): FakeStreamPort =>
      Object.defineProperty(createFakeStreamPort(), 'remoteAddress', { get: () => void (asked += 1) })
    sink.accept(peer())
    expect(asked).toBe(0)
    server.on('error', () => {})
    sink.accept(peer())
    expect(asked).toBe(1)
    expect(server.stats().rejected).toMatchObject({ connectionLimit: 2 })
  })

  it('maxConnections frees a place when a connection is closed, not when it is destroyed', async () => {
    const { accept, server } = await serveFake(
      { open: (connection) => connection.destroy() },
      { maxConnections: 1 },
    )
    const first = accept()
    expect(first.isDestroyed).toBe(true)
    expect(accept().isStarted).toBe(false)
    first.close()
    expect(accept().isStarted).toBe(true)
    expect(server.stats()).toMatchObject({ accepted: 2, open: 1, rejected: { connectionLimit: 1 } })
  })
})

describe('maxHandshakes', () => {
  it('maxHandshakes refuses peers while that many handshakes are open, and frees a place however one ends (B10)', async () => {
    const { sink, server, errors } = await serveFake({ data() {} }, { maxHandshakes: 1 })
    const come = (): FakeHandshake => {
      const handshake = createFakeHandshake()
      sink.handshake(handshake)
      return handshake
    }
    const first = come()
    expect(come().isDestroyed).toBe(true)
    expect(errors).toMatchObject([
      {
        code: 'ERR_SOCK_HANDSHAKE_LIMIT',
        message: 'Refused "127.0.0.1:50001": the limit "maxHandshakes" of 1 is reached',
      },
    ])
    first.secured(createFakeStreamPort())
    const second = come()
    second.failed(new Error('no'))
    expect([second, come()].map(({ isDestroyed }) => isDestroyed)).toEqual([false, false])
    expect(server.stats()).toMatchObject({ open: 1, handshaking: 1, rejected: { handshakeLimit: 1 } })
  })

  it('maxHandshakes does not limit peers without a handshake', async () => {
    const { accept } = await serveFake({ data() {} }, { maxHandshakes: 0 })
    expect(accept().isStarted).toBe(true)
  })
})

describe('a server whose process has hardly any file descriptor left', () => {
  it('a server whose process has hardly any file descriptor left refuses peers, in a handshake or not, counts and reports them, and serves the next (G1)', async () => {
    const { server, sink, errors, accept } = await serveFake({ data() {} })
    const high = Number.MAX_SAFE_INTEGER
    const port = accept(Object.assign(createFakeStreamPort(), { descriptor: high }))
    const handshake = Object.assign(createFakeHandshake(), { descriptor: high })
    sink.handshake(handshake)
    // Without a limit, no peer is refused.
    const turned = (readLimit() ?? Infinity) === Infinity ? 0 : 2
    expect([port.isDestroyed, handshake.isDestroyed]).toEqual([turned > 0, turned > 0])
    expect(server.stats().rejected.descriptorLimit).toBe(turned)
    expect(errors.map((error) => (error as { code?: string }).code)).toEqual(
      Array(turned).fill('ERR_SOCK_DESCRIPTOR_LIMIT'),
    )
    expect(accept(Object.assign(createFakeStreamPort(), { descriptor: 20 })).isStarted).toBe(true)
  })
})

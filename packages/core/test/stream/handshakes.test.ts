import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createDeferred } from '../../src/lib/async/deferred.js'
import type { StreamListenerSink } from '../../src/stream.js'
import {
  createFakeHandshake,
  createFakeListener,
  createFakeStreamPort,
  type FakeHandshake,
  type FakeStreamPort,
} from '@sock/testing'
import { createFakeServer, serveFake, story } from '../support/fake-server.js'
import { pass, stopClock } from '../support/settle.js'

beforeEach(stopClock)
afterEach(() => void jest.useRealTimers())

const never = () => createDeferred().promise

describe('handshake', () => {
  it('handshake that succeeds becomes a connection, and was none before', async () => {
    const scene = await serveFake({ data() {} }, { handshakeTimeout: 1_000 })
    const handshake = createFakeHandshake()
    scene.sink.handshake(handshake)
    expect(scene.server.stats()).toMatchObject({ accepted: 0, open: 0, handshaking: 1 })
    const port = createFakeStreamPort()
    handshake.secured(port)
    expect(scene.server.stats()).toMatchObject({ accepted: 1, open: 1, handshaking: 0 })
    expect(port.isStarted).toBe(true)
    expect(story(scene)).toEqual(['new', 'handler'])
  })

  it('handshake that fails is counted, and reported with its cause and its peer', async () => {
    const { sink, server, errors } = await serveFake({ data() {} }, { handshakeTimeout: 1_000 })
    const handshake = createFakeHandshake()
    sink.handshake(handshake)
    const cause = new Error('wrong version number')
    handshake.failed(cause)
    const { remoteAddress } = handshake
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_HANDSHAKE_FAILED', cause, remoteAddress }])
    expect(errors[0]?.message).toMatch(/"127\.0\.0\.1:50001": wrong version number$/)
    expect(server.stats()).toMatchObject({ handshaking: 0, rejected: { handshakeFailed: 1 } })
  })

  it('handshake of a peer without a name is reported without one', async () => {
    const { sink, errors } = await serveFake({ data() {} }, { handshakeTimeout: 1_000 })
    const handshake = Object.assign(createFakeHandshake(), { remoteAddress: undefined })
    sink.handshake(handshake)
    handshake.failed(new Error('gone'))
    expect(errors[0]?.message).toMatch(/with a peer: gone$/)
  })

  it('handshake has an absolute deadline, whatever moves in the meantime', async () => {
    const { sink, server, errors } = await serveFake({ data() {} }, { handshakeTimeout: 800 })
    const handshake = createFakeHandshake()
    sink.handshake(handshake)
    for (let step = 0; step < 7; step++) {
      await pass(100)
      handshake.bytesRead += 1
    }
    await pass(99)
    expect(handshake.isDestroyed).toBe(false)
    await pass(121)
    expect(handshake.isDestroyed).toBe(true)
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_HANDSHAKE_TIMEOUT' }])
    expect(server.stats().rejected).toMatchObject({ handshakeTimeout: 1, handshakeFailed: 0 })
  })

  it('handshake that succeeds after its deadline is too late: the port is destroyed', async () => {
    const { sink, server, errors } = await serveFake({ data() {} }, { handshakeTimeout: 800 })
    const handshake = createFakeHandshake()
    sink.handshake(handshake)
    await pass(1_000)
    const port = createFakeStreamPort()
    handshake.secured(port)
    handshake.failed(new Error('and failed, too'))
    expect(port.calls).toEqual(['destroy'])
    expect(server.stats()).toMatchObject({ accepted: 0, open: 0 })
    expect(errors).toHaveLength(1)
  })

  it('handshake without a deadline waits for none: a timer for ever would fire at once', async () => {
    const timers = jest.spyOn(globalThis, 'setTimeout')
    const { sink, server } = await serveFake({ data() {} })
    sink.handshake(createFakeHandshake())
    await pass(1_000_000)
    expect(server.stats().handshaking).toBe(1)
    expect(timers.mock.calls.map(([, delay]) => delay)).toEqual([])
  })

  it('handshake leaves no timer when it is over', async () => {
    const { sink } = await serveFake({ data() {} }, { handshakeTimeout: 800 })
    const [first, second] = [createFakeHandshake(), createFakeHandshake()]
    sink.handshake(first)
    sink.handshake(second)
    expect(jest.getTimerCount()).toBe(1)
    first.failed(new Error('no'))
    expect(jest.getTimerCount()).toBe(1)
    const port = createFakeStreamPort()
    second.secured(port)
    expect(jest.getTimerCount()).toBe(0)
  })
})

describe('maxConnections', () => {
  it('maxConnections counts handshakes, and frees their places when they fail (B10)', async () => {
    const { sink, server, errors, accept } = await serveFake(never, { maxConnections: 2 })
    const handshake = createFakeHandshake()
    sink.handshake(handshake)
    accept()
    const turnedAway = [accept(), createFakeHandshake()] as const
    sink.handshake(turnedAway[1])
    expect(turnedAway[0].calls).toEqual(['destroy'])
    expect(turnedAway[1].isDestroyed).toBe(true)
    expect(server.stats()).toMatchObject({ open: 1, handshaking: 1, rejected: { connectionLimit: 2 } })
    expect(errors.map(({ message }) => message)).toEqual([
      'Turned away "127.0.0.1:50000": "maxConnections" is 2',
      'Turned away "127.0.0.1:50001": "maxConnections" is 2',
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
      { code: 'ERR_SOCK_HANDSHAKE_LIMIT', message: 'Turned away "127.0.0.1:50001": "maxHandshakes" is 1' },
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

describe('shutdown', () => {
  it('shutdown() drops silent handshakes, and lets the others finish', async () => {
    const scene = await serveFake({ data() {} }, { handshakeTimeout: 60_000, drainIdle: 400 })
    const [silent, busy] = [createFakeHandshake(), createFakeHandshake()]
    scene.sink.handshake(silent)
    scene.sink.handshake(busy)
    const stopping = scene.server.shutdown()
    for (let step = 0; step < 6; step++) {
      await pass(100)
      busy.bytesRead += 1
    }
    expect([silent.isDestroyed, busy.isDestroyed]).toEqual([true, false])
    const port = createFakeStreamPort()
    busy.secured(port)
    await pass(500)
    expect(port.count('shutdownWrite')).toBe(1)
    port.finish()
    port.end()
    port.close()
    expect(await stopping).toEqual({ idle: 1, drained: 0, forced: 0 })
    expect(scene.server.stats().rejected.handshakeTimeout).toBe(1)
  })

  it('shutdown() destroys open handshakes at its deadline, and counts them', async () => {
    const settings = { handshakeTimeout: 60_000, drainIdle: 60_000 }
    const { sink, server, errors } = await serveFake({ data() {} }, settings)
    const handshake = createFakeHandshake()
    sink.handshake(handshake)
    const stopping = server.shutdown({ timeout: 100 }).catch((error: { report: unknown }) => error.report)
    await pass(99)
    expect(handshake.isDestroyed).toBe(false)
    await pass(1)
    expect(handshake.isDestroyed).toBe(true)
    expect(await stopping).toEqual({ idle: 0, drained: 0, forced: 1 })
    const port = createFakeStreamPort()
    handshake.secured(port)
    expect(port.calls).toEqual(['destroy'])
    expect(errors).toEqual([])
    expect(jest.getTimerCount()).toBe(0)
  })
})

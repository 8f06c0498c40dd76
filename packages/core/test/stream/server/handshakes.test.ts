import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Handshakes } from '../../../src/lib/stream/server/handshakes.js'
import { Sweep } from '../../../src/lib/async/sweep.js'
import { createFakeHandshake, createFakeStreamPort } from '@sock/testing'
import { serveFake, story } from '../../support/fake-server.js'
import { pass, stopClock } from '../../support/settle.js'

beforeEach(stopClock)
afterEach(() => void jest.useRealTimers())

describe('handshake', () => {
  it('a handshake counts as a connection only once it has succeeded', async () => {
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

  it('a handshake that fails is counted, and reported with its cause and its peer', async () => {
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

  it('a handshake of a peer without a name is reported without one', async () => {
    const { sink, errors } = await serveFake({ data() {} }, { handshakeTimeout: 1_000 })
    const handshake = Object.assign(createFakeHandshake(), { remoteAddress: undefined })
    sink.handshake(handshake)
    handshake.failed(new Error('gone'))
    expect(errors[0]?.message).toMatch(/with a peer: gone$/)
  })

  it('a handshake is destroyed at its deadline, whatever its peer sends meanwhile', async () => {
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
    expect(errors[0]?.message).toMatch(/"127\.0\.0\.1:50001": it was not finished in time$/)
    expect(errors[0]).not.toHaveProperty('cause')
    expect(server.stats().rejected).toMatchObject({ handshakeTimeout: 1, handshakeFailed: 0 })
  })

  it('a handshake that succeeds after its deadline has its port destroyed', async () => {
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

  it('a handshake without a deadline sets no timer, which would fire at once', async () => {
    const timers = jest.spyOn(globalThis, 'setTimeout')
    const { sink, server } = await serveFake({ data() {} })
    sink.handshake(createFakeHandshake())
    await pass(1_000_000)
    expect(server.stats().handshaking).toBe(1)
    expect(timers.mock.calls.map(([, delay]) => delay)).toEqual([])
  })

  it('handshakes leave no timer when they are over', async () => {
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

describe('shutdown', () => {
  it('shutdown() without handshakes starts no timer for them', async () => {
    const handshakes = new Handshakes(1_000, new Sweep(), { secured() {}, failed() {} })
    handshakes.dropSilent(100)
    expect(jest.getTimerCount()).toBe(0)
  })

  it('shutdown() ends when the last handshake fails', async () => {
    const { sink, server } = await serveFake({ data() {} }, { handshakeTimeout: 60_000 })
    const handshake = createFakeHandshake()
    sink.handshake(handshake)
    const stopping = server.shutdown()
    await pass(100)
    expect(server.state).toBe('draining')
    handshake.failed(new Error('no'))
    await pass(0)
    expect(server.state).toBe('closed')
    expect(await stopping).toEqual({ idle: 0, drained: 0, forced: 0 })
  })

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

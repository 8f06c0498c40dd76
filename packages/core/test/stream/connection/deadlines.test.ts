import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createFakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { openWith } from '../../support/callbacks.js'
import { openFake, serveFake, story, type OpenFake } from '../../support/fake-server.js'
import { pass, stopClock } from '../../support/settle.js'

/** A deadline is looked at in eighths, so it strikes between itself and an eighth later. */
const early = (deadline: number): number => deadline - 1
const late = (deadline: number): number => deadline / 8 + 20

beforeEach(stopClock)
afterEach(() => void jest.useRealTimers())

/** The handler has returned, and its answer is flushed. */
async function answered(settings?: Parameters<typeof openFake>[0]): Promise<OpenFake> {
  const scene = await openFake(settings)
  scene.port.writeProgress = 5
  void scene.connection.close()
  scene.port.finish()
  return scene
}

describe('idleTimeout', () => {
  it('idleTimeout destroys a connection after the time without progress, not before', async () => {
    const { port, ...scene } = await openFake({ idleTimeout: 800 })
    const reading = rejection(scene.connection.read())
    await pass(early(800))
    expect(port.isDestroyed).toBe(false)
    await pass(late(800))
    expect(port.isDestroyed).toBe(true)
    expect(await reading).toMatchObject({ code: 'ERR_SOCK_IDLE_TIMEOUT' })
    port.close()
    expect(story(scene).at(-1)).toBe('close idle')
    expect(scene.server.stats().idleClosed).toBe(1)
  })

  it('idleTimeout begins anew with input, and with each part of a long write that is taken', async () => {
    const { port } = await openFake({ idleTimeout: 800 })
    for (let round = 0; round < 5; round++) {
      await pass(600)
      if (round % 2 === 0) port.receive('x')
      else port.writeProgress += 1
    }
    expect(port.isDestroyed).toBe(false)
    await pass(800 + 2 * late(800))
    expect(port.isDestroyed).toBe(true)
  })

  it('idleTimeout of 0 needs no timer at all', async () => {
    const before = jest.getTimerCount()
    const { port } = await openFake({ idleTimeout: 0 })
    port.receive('x')
    expect(jest.getTimerCount()).toBe(before)
  })

  it('idleTimeout of many connections needs one timer, and none when they are closed (G11)', async () => {
    const before = jest.getTimerCount()
    const { accept } = await serveFake({ data() {} }, { idleTimeout: 800 })
    const ports = Array.from({ length: 20 }, () => accept())
    expect(jest.getTimerCount()).toBe(before + 1)
    for (const port of ports) port.close()
    expect(jest.getTimerCount()).toBe(before)
  })
})

describe('readTimeout', () => {
  it('readTimeout destroys a connection whose peer has sent nothing for the time, though it reads', async () => {
    const { port, ...scene } = await openFake({ readTimeout: 800 })
    const reading = rejection(scene.connection.read())
    await pass(early(800))
    port.writeProgress += 1
    expect(port.isDestroyed).toBe(false)
    await pass(late(800))
    expect(port.isDestroyed).toBe(true)
    expect(await reading).toMatchObject({
      code: 'ERR_SOCK_IDLE_TIMEOUT',
      message: 'Peer sent nothing for 800 ms ("readTimeout")',
    })
    port.close()
    expect(story(scene).at(-1)).toBe('close idle')
    expect(scene.server.stats().idleClosed).toBe(1)
  })

  it('readTimeout begins anew with each chunk', async () => {
    const { port } = await openFake({ readTimeout: 800 })
    for (let round = 0; round < 5; round++) {
      await pass(600)
      port.receive('x')
    }
    expect(port.isDestroyed).toBe(false)
    await pass(800 + 2 * late(800))
    expect(port.isDestroyed).toBe(true)
  })

  it('readTimeout does not close a connection whose peer has ended and waits for its answer', async () => {
    const { port } = await openFake({ readTimeout: 800 })
    port.end()
    await pass(5_000)
    expect(port.isDestroyed).toBe(false)
  })

  it('readTimeout does not count after closeRead()', async () => {
    const { port, connection } = await openFake({ readTimeout: 800 })
    connection.closeRead()
    await pass(5_000)
    expect(port.isDestroyed).toBe(false)
  })

  it('readTimeout does not count while the handler holds the peer back, and begins anew after that', async () => {
    const { port, connection } = await openFake({ readTimeout: 800, highWaterMark: 10 })
    port.receive('0123456789')
    expect(port.calls.at(-1)).toBe('pause')
    await pass(5_000)
    expect(port.isDestroyed).toBe(false)
    await connection.read()
    expect(port.calls.at(-1)).toBe('resume')
    await pass(early(800) - 100)
    expect(port.isDestroyed).toBe(false)
    await pass(100 + 2 * late(800))
    expect(port.isDestroyed).toBe(true)
  })

  it('readTimeout does not count while a promise of data holds the peer back', async () => {
    const { accept } = await serveFake(
      { data: () => new Promise(() => {}) },
      { readTimeout: 800, highWaterMark: 10 },
    )
    const port = accept()
    port.receive('first')
    port.receive('0123456789')
    await pass(5_000)
    expect(port.isDestroyed).toBe(false)
  })
})

describe('writeTimeout', () => {
  it('writeTimeout destroys a connection whose peer takes none of the queued bytes for the time, though it sends', async () => {
    const { port, ...scene } = await openFake({ writeTimeout: 800, highWaterMark: 10 })
    await pass(3_000)
    port.bufferedBytes = 30
    const writing = rejection(scene.connection.write('x'))
    await pass(early(800))
    port.receive('still there')
    expect(port.isDestroyed).toBe(false)
    await pass(2 * late(800))
    expect(port.isDestroyed).toBe(true)
    expect(await writing).toMatchObject({
      code: 'ERR_SOCK_IDLE_TIMEOUT',
      message: 'Peer received none of 30 queued bytes for 800 ms ("writeTimeout")',
    })
    port.close()
    expect(story(scene).at(-1)).toBe('close idle')
    expect(scene.server.stats().idleClosed).toBe(1)
  })

  it('writeTimeout begins anew with each part that is taken', async () => {
    const { port } = await openFake({ writeTimeout: 800 })
    port.bufferedBytes = 30
    for (let round = 0; round < 5; round++) {
      await pass(600)
      port.writeProgress += 1
    }
    expect(port.isDestroyed).toBe(false)
    await pass(800 + 2 * late(800))
    expect(port.isDestroyed).toBe(true)
  })

  it('writeTimeout lets a connection live on which nothing waits', async () => {
    const { port } = await openFake({ writeTimeout: 800 })
    await pass(5_000)
    port.bufferedBytes = 1
    await pass(700)
    port.bufferedBytes = 0
    await pass(5_000)
    expect(port.isDestroyed).toBe(false)
  })

  it('writeTimeout holds for the flush of a connection that closes', async () => {
    const { port, connection } = await openFake({ writeTimeout: 800 })
    port.bufferedBytes = 30
    const closing = rejection(connection.close())
    await pass(800 + 2 * late(800))
    expect(port.isDestroyed).toBe(true)
    port.close()
    expect(await closing).toMatchObject({ code: 'ERR_SOCK_IDLE_TIMEOUT' })
  })
})

describe('firstByteTimeout', () => {
  it('firstByteTimeout destroys a connection after its time, whatever is sent to the peer meanwhile (A10)', async () => {
    const { port, connection, ...scene } = await openFake({ firstByteTimeout: 800 })
    const reading = rejection(connection.read())
    await pass(799)
    await connection.write('hello?')
    port.writeProgress += 6
    expect(port.isDestroyed).toBe(false)
    await pass(late(800))
    expect(port.isDestroyed).toBe(true)
    expect(await reading).toMatchObject({ code: 'ERR_SOCK_FIRST_BYTE_TIMEOUT' })
    port.close()
    expect(story(scene).at(-1)).toBe('close firstByte')
    expect(scene.server.stats()).toMatchObject({ firstByteClosed: 1, idleClosed: 0 })
  })

  it('firstByteTimeout is over with the first byte, and needs no timer then', async () => {
    const before = jest.getTimerCount()
    const { port } = await openFake({ firstByteTimeout: 800 })
    expect(jest.getTimerCount()).toBe(before + 1)
    port.receive('x')
    await pass(2_000)
    expect(port.isDestroyed).toBe(false)
    expect(jest.getTimerCount()).toBe(before)
  })

  it('firstByteTimeout does not count after closeRead(), nor after the end of the input', async () => {
    for (const over of ['closeRead', 'end'] as const) {
      const { port, connection } = await openFake({ firstByteTimeout: 800 })
      if (over === 'end') port.end()
      else connection.closeRead()
      await pass(2_000)
      expect(port.isDestroyed).toBe(false)
    }
  })
})

describe('maxLifetime', () => {
  it('maxLifetime also ends a connection that moves one byte at a time: asked first, destroyed after shutdownTimeout (A9)', async () => {
    const scene = await openFake({ maxLifetime: 1_000, shutdownTimeout: 2_000, idleTimeout: 500 })
    const trickle = async (ms: number): Promise<void> => {
      for (let step = 0; step < ms / 100; step++) {
        scene.port.receive('x')
        await pass(100)
      }
    }
    await trickle(900)
    expect(scene.connection.signal.aborted).toBe(false)
    await trickle(300)
    expect(scene.connection.signal.reason).toMatchObject({ code: 'ERR_SOCK_LIFETIME' })
    await trickle(1_700)
    expect(scene.port.isDestroyed).toBe(false)
    await trickle(400)
    expect(scene.port.isDestroyed).toBe(true)
    scene.port.close()
    expect(story(scene).at(-1)).toBe('close lifetime')
    expect(scene.server.stats()).toMatchObject({ lifetimeClosed: 1, handlerErrors: 0 })
    scene.release()
  })

  it('maxLifetime also ends a closing connection whose peer reads a byte now and then (A9)', async () => {
    const { port, connection, ...scene } = await openFake({ maxLifetime: 1_000, shutdownTimeout: 20_000 })
    port.bufferedBytes = 1_000
    const closing = rejection(connection.close())
    for (let second = 0; second < 24; second++) {
      port.writeProgress += 1
      await pass(1_000)
    }
    expect(port.isDestroyed).toBe(true)
    port.close()
    expect(await closing).toMatchObject({ code: 'ERR_SOCK_LIFETIME' })
    expect(story(scene).at(-1)).toBe('close lifetime')
  })

  it('maxLifetime ends an idle connection, and is counted although the end was graceful', async () => {
    const { accept, server, ...scene } = await serveFake({ data() {} }, { maxLifetime: 1_000 })
    const port = accept()
    await pass(1_000 + late(1_000) + late(500))
    expect(port.count('shutdownWrite')).toBe(1)
    port.finish()
    port.end()
    port.close()
    expect(story(scene).at(-1)).toBe('close lifetime')
    expect(server.stats().lifetimeClosed).toBe(1)
    expect(jest.getTimerCount()).toBe(0)
  })
})

describe('close', () => {
  it('connection.close() waits a second for a silent peer to end, and then closes as ended', async () => {
    const { port, ...scene } = await answered()
    await pass(early(1_000))
    expect(port.isDestroyed).toBe(false)
    await pass(late(1_000))
    expect(port.isDestroyed).toBe(true)
    port.close()
    expect(story(scene).at(-1)).toBe('close ended')
  })

  it('connection.close() waits a second from its FIN on, however long nothing had moved before', async () => {
    const scene = await openFake({ idleTimeout: 60_000 })
    await pass(30_000)
    void scene.connection.close()
    scene.port.finish()
    await pass(early(1_000))
    expect(scene.port.isDestroyed).toBe(false)
    await pass(late(1_000))
    expect(scene.port.isDestroyed).toBe(true)
  })

  it('connection.close() discards what a talking peer still sends for ten seconds, no longer', async () => {
    const { port } = await answered()
    for (let second = 0; second < 19; second++) {
      await pass(500)
      port.receive('and another thing')
    }
    expect(port.isDestroyed).toBe(false)
    for (let second = 0; second < 2; second++) {
      await pass(500)
      port.receive('and another thing')
    }
    expect(port.isDestroyed).toBe(true)
  })

  it('connection.close() gives up flushing when the peer takes nothing for thirty seconds (A8)', async () => {
    const { port, connection, ...scene } = await openFake()
    port.bufferedBytes = 100
    const closing = connection.close()
    for (let round = 0; round < 4; round++) {
      await pass(20_000)
      port.writeProgress += 1
    }
    expect(port.isDestroyed).toBe(false)
    await pass(30_000 + 2 * late(1_000))
    expect(port.isDestroyed).toBe(true)
    port.close()
    expect(await rejection(closing)).toMatchObject({ code: 'ERR_SOCK_IDLE_TIMEOUT' })
    expect(story(scene).at(-1)).toBe('close idle')
  })

  it('connection.close() gives up flushing to a peer that reads nothing, although it keeps sending', async () => {
    const { port, connection } = await openFake()
    port.bufferedBytes = 100
    const closing = connection.close()
    for (let second = 0; second < 30; second++) {
      expect(port.isDestroyed).toBe(false)
      await pass(1_000)
      port.receive('and another thing')
    }
    await pass(2 * late(1_000))
    expect(port.isDestroyed).toBe(true)
    port.close()
    expect(await rejection(closing)).toMatchObject({ code: 'ERR_SOCK_IDLE_TIMEOUT' })
  })

  it('connection.close() flushes for thirty seconds from its call on, however long nothing had moved before', async () => {
    const { port, connection } = await openFake({ idleTimeout: 60_000 })
    await pass(40_000)
    port.bufferedBytes = 100
    void connection.close()
    await pass(early(30_000))
    expect(port.isDestroyed).toBe(false)
    await pass(late(1_000))
    expect(port.isDestroyed).toBe(true)
  })

  it('connection.close() needs no timer when the peer has ended and nothing is left to flush', async () => {
    const before = jest.getTimerCount()
    const { port, connection } = await openFake()
    port.end()
    void connection.close()
    expect(jest.getTimerCount()).toBe(before)
  })

  it.each([
    ['bytes are left to flush', 1, false],
    ['TLS has its own end to send', 0, true],
  ])('connection.close() needs a timer when the peer has ended, if %s', async (_, bufferedBytes, secure) => {
    const before = jest.getTimerCount()
    const port = Object.assign(createFakeStreamPort(), { bufferedBytes, secure })
    const { connection } = await openFake({}, port)
    port.end()
    void connection.close()
    expect(jest.getTimerCount()).toBe(before + 1)
    port.close()
  })

  it('connection.close() discards what a talking peer still sends for ten seconds from its FIN on, however long the flush took', async () => {
    const { port, connection } = await openFake()
    port.bufferedBytes = 100
    void connection.close()
    for (let second = 0; second < 20; second++) {
      port.writeProgress += 1
      await pass(1_000)
    }
    port.finish()
    const talk = async (seconds: number): Promise<void> => {
      for (let half = 0; half < 2 * seconds; half++) {
        port.receive('and another thing')
        await pass(500)
      }
    }
    await talk(9)
    expect(port.isDestroyed).toBe(false)
    await talk(2)
    expect(port.isDestroyed).toBe(true)
  })

  it('connection.close() that has waited long enough for its peer is no error for the callback close', async () => {
    const { connection, port, heard } = await openWith()
    void connection.close()
    port.finish()
    await pass(1_000 + late(1_000))
    expect(port.calls.at(-1)).toBe('destroy')
    port.close()
    expect(heard.at(-1)).toBe('close')
  })

  it('connection.close() leaves no timer once the port is closed', async () => {
    const before = jest.getTimerCount()
    const { port } = await answered()
    expect(jest.getTimerCount()).toBe(before + 1)
    port.close()
    expect(jest.getTimerCount()).toBe(before)
  })
})

describe('drainIdle', () => {
  it('drainIdle ends a connection that has been quiet for that long', async () => {
    const { connection, port, server } = await openFake({ drainIdle: 400 })
    const reading = connection.read()
    const stopping = server.shutdown()
    await pass(200)
    port.receive('x')
    expect(String(await reading)).toBe('x')
    const next = connection.read()
    await pass(early(400))
    expect(port.calls).toEqual(['start'])
    await pass(2 * late(400))
    expect(await next).toBeNull()
    void connection.close()
    port.close()
    void server.close()
    expect(await stopping.catch((error: { report: unknown }) => error.report)).toMatchObject({ drained: 0 })
  })

  it('drainIdle waits for a stream that nobody reads, although it reads ahead', async () => {
    const { connection, port, server } = await openFake({ drainIdle: 400 })
    const { stream } = connection
    void server.shutdown()
    await pass(2_000)
    expect(stream.readableEnded).toBe(false)
    stream.resume()
    await pass(2 * late(400))
    expect(stream.readableEnded).toBe(true)
    void server.close()
    port.close()
  })

  it('drainIdle waits for what is still to be sent, and for a handler that does not read', async () => {
    const { connection, port, server } = await openFake({ drainIdle: 400 })
    void server.shutdown()
    await pass(2_000)
    const reading = connection.read()
    port.bufferedBytes = 1
    await pass(2_000)
    let isOver = false
    void reading.then(() => (isOver = true))
    await pass(0)
    expect(isOver).toBe(false)
    port.bufferedBytes = 0
    await pass(late(400))
    expect(isOver).toBe(true)
    void server.close()
    port.close()
    await server.closed
  })

  it('drainIdle also ends connections that come while the server drains', async () => {
    const { accept, server, ...scene } = await serveFake({ data() {} }, { drainIdle: 400 })
    const first = accept()
    const stopping = server.shutdown()
    const second = accept()
    await pass(400 + late(400))
    for (const port of [first, second]) {
      expect(port.count('shutdownWrite')).toBe(1)
      port.finish()
      port.end()
      port.close()
    }
    expect(await stopping).toEqual({ idle: 2, drained: 0, forced: 0 })
    expect(story(scene).filter((event) => event.startsWith('close '))).toEqual([
      'close draining',
      'close draining',
    ])
    expect(jest.getTimerCount()).toBe(0)
  })
})

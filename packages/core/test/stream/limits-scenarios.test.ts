import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createFakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/tools/testing/wait'
import { openFake, serveFake, story } from '../support/fake-server.js'
import { pass, stopClock } from '../support/settle.js'

beforeEach(stopClock)
afterEach(() => void jest.useRealTimers())

/** A deadline is looked at in eighths. */
const late = (deadline: number): number => deadline / 8 + 20

describe('firstByteTimeout', () => {
  it('firstByteTimeout strikes after its time, whatever is sent to the peer meanwhile (A10)', async () => {
    const { port, connection, ...scene } = await openFake({ firstByteTimeout: 800 })
    const reading = rejection(connection.read())
    await pass(799)
    await connection.write('hello?')
    port.writeProgress += 6
    expect(port.isDestroyed).toBe(false)
    await pass(late(800))
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

  it('firstByteTimeout does not wait for input that is discarded, or that cannot come', async () => {
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

describe('maxWriteBuffer', () => {
  it('maxWriteBuffer is no obstacle to one write of any length', async () => {
    const { connection, port } = await openFake({ highWaterMark: 10, maxWriteBuffer: 20 })
    port.bufferedBytes = 100
    void connection.write('x'.repeat(100))
    expect(port.isDestroyed).toBe(false)
  })

  it('maxWriteBuffer resets a connection that writes beyond it, and rejects all waiting writes', async () => {
    const { connection, port, ...scene } = await openFake({ highWaterMark: 10, maxWriteBuffer: 20 })
    port.bufferedBytes = 19
    const first = rejection(connection.write('x'.repeat(19)))
    port.bufferedBytes = 20
    const second = rejection(connection.write('x'))
    expect(port.isDestroyed).toBe(false)
    port.bufferedBytes = 21
    const third = rejection(connection.write('x'))
    expect(port.calls.at(-1)).toBe('reset')
    const error = await first
    expect(error).toMatchObject({ code: 'ERR_SOCK_BACKPRESSURE' })
    expect(error.message).toBe(
      'Peer reads too slowly: 21 bytes are queued, and "maxWriteBuffer" is 20. Await write() before you write more',
    )
    expect([await second, await third, scene.errors]).toEqual([error, error, [error]])
    expect(await rejection(connection.write('x'))).toMatchObject({ code: 'ERR_SOCK_CLOSED', cause: error })
    port.close()
    expect(story(scene).at(-1)).toBe('close overflow')
  })

  it('maxWriteBuffer is reported once, although the handler fails with the same error', async () => {
    const port = createFakeStreamPort()
    port.bufferedBytes = 40
    const { accept, errors, server } = await serveFake((connection) => connection.write('x'), {
      maxWriteBuffer: 20,
    })
    accept(port)
    await pass(1)
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_BACKPRESSURE' }])
    expect(server.stats().handlerErrors).toBe(0)
  })

  it('maxWriteBuffer does not hide the error of a handler that destroys the connection itself', async () => {
    const reason = new Error('does not keep up')
    const { accept, errors } = await serveFake(async (connection) => {
      connection.destroy(reason)
      await connection.read()
    })
    accept()
    await pass(1)
    expect(errors).toEqual([reason])
  })

  it('maxWriteBuffer counts the bytes in the stream of a connection', async () => {
    const { connection, port, ...scene } = await openFake({ highWaterMark: 10, maxWriteBuffer: 200 })
    port.bufferedBytes = 100
    const { stream } = connection
    let failure: Error | undefined
    stream.on('error', (error) => (failure = error))
    for (let part = 0; part < 3; part++) stream.write('x'.repeat(99))
    expect(port.isDestroyed).toBe(false)
    stream.write('x'.repeat(99))
    expect(port.isDestroyed).toBe(true)
    await pass(1)
    expect(failure).toMatchObject({ code: 'ERR_SOCK_BACKPRESSURE' })
    expect(stream.writableLength).toBeLessThanOrEqual(4 * 99)
    expect(scene.errors).toEqual([failure])
  })
})

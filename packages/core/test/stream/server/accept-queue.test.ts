import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { IpAddress } from '../../../src/index.js'
import { AcceptQueue } from '../../../src/lib/stream/server/accept-queue.js'
import type { GracefulListener } from '../../../src/lib/server/parts.js'
import type { StreamListenerSink } from '../../../src/stream.js'
import {
  createFakeHandshake,
  createFakeListener,
  createFakeStreamPort,
  type FakeListener,
} from '@sock/testing'
import { systemError } from '../../support/fake-server.js'
import { outcome, pass, stopClock } from '../../support/settle.js'

beforeEach(stopClock)
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0)
  jest.useRealTimers()
})

interface Scene {
  readonly queue: GracefulListener<IpAddress>
  readonly listener: FakeListener
  /** What the engine gets. */
  readonly engine: StreamListenerSink
  /** What reached the server. */
  readonly heard: unknown[]
}

async function open(backlog = 511): Promise<Scene> {
  const listener = createFakeListener()
  const heard: unknown[] = []
  let engine!: StreamListenerSink
  const queue = await AcceptQueue.open(
    (sink) => {
      engine = sink
      return Promise.resolve(listener)
    },
    {
      accept: () => heard.push('peer'),
      handshake: () => heard.push('handshake'),
      failed: (error) => heard.push(error),
    },
    backlog,
  )
  return { queue, listener, engine, heard }
}

describe('AcceptQueue.closeGracefully', () => {
  it('AcceptQueue.closeGracefully() removes the name at once, and closes when no peer has come for 20 ms', async () => {
    const { queue, listener } = await open()
    const draining = queue.closeGracefully()
    expect(listener.calls).toEqual(['removeName'])
    await pass(20)
    expect(listener.calls).toEqual(['removeName'])
    await pass(1)
    expect(listener.calls).toEqual(['removeName', 'close'])
    expect((await outcome(draining)).state).toBe('resolved')
  })

  it('AcceptQueue.closeGracefully() goes on while peers come, with or without a handshake', async () => {
    const { queue, listener, engine, heard } = await open()
    const draining = queue.closeGracefully()
    for (let round = 0; round < 10; round++) {
      engine.accept(createFakeStreamPort())
      await pass(20)
      engine.handshake(createFakeHandshake())
      await pass(20)
    }
    expect(heard).toHaveLength(20)
    expect(listener.calls).toEqual(['removeName'])
    await pass(50)
    await draining
  })

  it('AcceptQueue.closeGracefully() lets the event loop turn before it decides that no peer has come', async () => {
    const { queue, listener, engine } = await open()
    const draining = queue.closeGracefully()
    // The timer strikes, and the peer is found in the same turn, since the loop was blocked until then.
    jest.advanceTimersByTime(19)
    setTimeout(() => engine.accept(createFakeStreamPort()), 1)
    await pass(10)
    expect(listener.calls).toEqual(['removeName'])
    await pass(50)
    await draining
  })

  it('AcceptQueue.close() between the timer and its decision closes once, and waits for no more peers', async () => {
    for (const peers of [0, 1]) {
      const { queue, listener, engine } = await open()
      const draining = queue.closeGracefully()
      for (let count = 0; count < peers; count++) engine.accept(createFakeStreamPort())
      jest.advanceTimersByTime(20)
      await queue.close()
      await pass(50)
      expect(listener.calls).toEqual(['removeName', 'close'])
      await draining
    }
  })

  it('AcceptQueue.closeGracefully() closes when more peers came than backlog, though others still come', async () => {
    const { queue, listener, engine } = await open(3)
    const draining = queue.closeGracefully()
    for (let count = 1; count <= 3; count++) engine.accept(createFakeStreamPort())
    await pass(21)
    expect(listener.calls).toEqual(['removeName'])
    engine.accept(createFakeStreamPort())
    await pass(21)
    expect(listener.calls).toEqual(['removeName', 'close'])
    await draining
  })

  it('AcceptQueue.closeGracefully() does not count peers that came before it', async () => {
    const { queue, listener, engine } = await open(3)
    for (let count = 0; count < 10; count++) engine.accept(createFakeStreamPort())
    const draining = queue.closeGracefully()
    engine.accept(createFakeStreamPort())
    await pass(21)
    expect(listener.calls).toEqual(['removeName'])
    await pass(21)
    await draining
  })

  it('AcceptQueue.closeGracefully() ends with close(), and does nothing after it', async () => {
    const { queue, listener } = await open()
    const draining = queue.closeGracefully()
    await queue.close()
    await draining
    await queue.closeGracefully()
    expect(listener.calls).toEqual(['removeName', 'close'])
  })
})

describe('AcceptQueue.failed', () => {
  it('AcceptQueue.failed() is reported to the server, and accepting is tried again after 100 ms', async () => {
    const { engine, heard, queue } = await open()
    const again = jest.fn()
    const error = systemError('EMFILE')
    engine.failed(error, again)
    expect(heard).toEqual([error])
    await pass(99)
    expect(again).not.toHaveBeenCalled()
    await pass(1)
    expect(again).toHaveBeenCalledTimes(1)
    await pass(1_000)
    expect(again).toHaveBeenCalledTimes(1)
    await queue.close()
  })

  it('AcceptQueue.failed() sets no timer for a listener that accepts again on its own', async () => {
    const { engine, heard } = await open()
    engine.failed(systemError('EMFILE'))
    expect(heard).toHaveLength(1)
  })

  it('AcceptQueue.closeGracefully() tries at once to accept again after a failure', async () => {
    const { engine, queue } = await open()
    const again = jest.fn()
    engine.failed(systemError('EMFILE'), again)
    const draining = queue.closeGracefully()
    expect(again).toHaveBeenCalledTimes(1)
    await pass(200)
    await draining
    expect(again).toHaveBeenCalledTimes(1)
  })

  it('AcceptQueue.closeGracefully() does not try to accept again what has been tried already', async () => {
    const { engine, queue } = await open()
    const again = jest.fn()
    engine.failed(systemError('EMFILE'), again)
    await pass(100)
    const draining = queue.closeGracefully()
    await pass(100)
    await draining
    expect(again).toHaveBeenCalledTimes(1)
  })

  it('AcceptQueue.close() tries no more to accept after a failure', async () => {
    const { engine, queue } = await open()
    const again = jest.fn()
    engine.failed(systemError('EMFILE'), again)
    await queue.close()
    await pass(200)
    expect(again).not.toHaveBeenCalled()
  })
})

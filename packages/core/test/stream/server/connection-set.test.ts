import { describe, expect, it, jest } from '@jest/globals'
import type { ConnectionEvent, Server } from '../../../src/index.js'
import { createFakeListener, type FakeStreamPort } from '@sock/testing'
import { rejection, until } from '@sock/test-support/wait'
import { openFake, serveFake, story, systemError } from '../../support/fake-server.js'
import { outcome, pass, settle, stopClock } from '../../support/settle.js'

const handler = { data() {} }

describe('error', () => {
  it('error reports a failure of accepting, and the server goes on', async () => {
    const { sink, errors, server, accept } = await serveFake(handler)
    const failure = systemError('EMFILE')
    sink.failed(failure)
    expect(errors).toEqual([failure])
    expect(accept().isStarted).toBe(true)
    expect(server.state).toBe('listening')
  })
})

describe('connection', () => {
  it('connection observers may close the server at the first "new" event', async () => {
    const scene = await serveFake(handler)
    scene.server.on('connection', ({ state }) => {
      if (state === 'new') void scene.server.close()
    })
    const port = scene.accept()
    expect(port.isDestroyed).toBe(true)
    port.close()
    await scene.server.closed
    expect(story(scene)).toEqual(['new', 'handler', 'close closed'])
    expect(scene.server.openConnections).toBe(0)
  })

  it('connection observers see the same when one of them throws or leaves', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { server, accept } = await serveFake(handler)
    const off = server.on('connection', () => off())
    server.on('connection', () => {
      throw new Error('oops')
    })
    const events: ConnectionEvent[] = []
    server.on('connection', (event) => events.push(event))
    accept().close()
    expect(story({ events })).toEqual(['new', 'handler', 'close reset'])
    expect(warn).toHaveBeenCalledTimes(3)
    warn.mockRestore()
  })
})

describe('shutdown', () => {
  it('shutdown() that is forced does not wait for a handler that never settles', async () => {
    const { server, port } = await openFake()
    port.close()
    expect(server.openConnections).toBe(0)
    const stopping = rejection(server.shutdown({ timeout: 0 }))
    expect(await stopping).toMatchObject({ code: 'ERR_SOCK_SHUTDOWN_TIMEOUT', report: { forced: 1 } })
    expect(server.state).toBe('closed')
  })

  it('close() of a server waits for file descriptors, not for handlers', async () => {
    const { server, port, listener } = await openFake()
    const closing: Promise<void> = server.close()
    expect(port.isDestroyed).toBe(true)
    expect(listener.calls).toEqual(['close'])
    expect(await outcome(closing)).toEqual({ state: 'pending' })
    port.close()
    await closing
    expect(server.state satisfies Server<string, never>['state']).toBe('closed')
  })
})

describe('a server that listens again', () => {
  it('a server that listens again ends no idle connections until its next shutdown, which waits for them', async () => {
    await stopClock()
    try {
      const { accept, server } = await serveFake(handler, { drainIdle: 400, idleTimeout: 60_000 })
      const first = server.shutdown()
      const early = accept()
      await pass(1_000)
      early.close()
      await pass(1_000)
      expect(await first).toMatchObject({ idle: 1, drained: 0 })
      await server.listen('anywhere')
      const port = accept()
      await pass(10_000)
      expect(port.calls).toEqual(['start'])
      const second = server.shutdown()
      await pass(100)
      expect(server.state).toBe('draining')
      await pass(1_000)
      expect(port.count('shutdownWrite')).toBe(1)
      port.close()
      await pass(0)
      expect(await second).toMatchObject({ idle: 1, drained: 0 })
    } finally {
      jest.useRealTimers()
    }
  })
})

describe('close', () => {
  it('close() of a server turns away a peer that its listener still delivers', async () => {
    const { accept, server } = await serveFake(handler, {}, createFakeListener({ close: true }))
    void server.close()
    const late = accept()
    expect(late.calls).toEqual(['destroy'])
    expect(server.stats().accepted).toBe(0)
  })
})

describe('signal', () => {
  it('shutdown() aborts the signal of every connection, in the end also of one that comes meanwhile', async () => {
    const signals: AbortSignal[] = []
    const { accept, server } = await serveFake({ open: ({ signal }) => void signals.push(signal), data() {} })
    const ports = [accept(), accept()]
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
    void server.shutdown()
    ports.push(accept())
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false])
    await until(() => signals.every(({ aborted }) => aborted), 'the last one is told when no more peers come')
    const closing = server.close()
    for (const port of ports) port.close()
    await closing
  })
})

describe('maxBufferedBytes', () => {
  it('maxBufferedBytes resets the connection with the longest queue when all together wait for more', async () => {
    const { accept, server, errors } = await serveFake(
      { data() {} },
      { highWaterMark: 10, maxBufferedBytes: 100 },
    )
    const ports = [accept(), accept()]
    const lengths = [40, 70]
    for (const [index, connection] of [...server.connections()].entries()) {
      ;(ports[index] as FakeStreamPort).bufferedBytes = lengths[index] as number
      connection.write('x').catch(() => {})
    }
    expect(ports.map(({ isDestroyed }) => isDestroyed)).toEqual([false, true])
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_BACKPRESSURE' }])
  })
})

describe('stats', () => {
  it('stats() keep the bytes of connections that are closed, once', async () => {
    const { accept, server } = await serveFake({ open: (connection) => connection.write('four') })
    const [first, second] = [accept(), accept()]
    first.receive('three')
    second.receive('seventeen')
    const all = { bytesRead: 14, bytesWritten: 8 }
    expect(server.stats()).toMatchObject({ ...all, open: 2 })
    first.close()
    await settle()
    expect(server.stats()).toMatchObject({ ...all, open: 1 })
    second.close()
    await settle()
    expect(server.stats()).toMatchObject({ ...all, open: 0, accepted: 2 })
  })
})

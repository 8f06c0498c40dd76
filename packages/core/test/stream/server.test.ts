import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { getEventListeners } from 'node:events'
import type { Server } from '../../src/index.js'
import { createDeferred } from '../../src/lib/async/deferred.js'
import { createFakeListener, createFakeStreamPort, type FakeListener } from '@sock/testing'
import { rejection } from '@sock/tools/testing/wait'
import { createFakeServer, openFake, serveFake, story, systemError } from '../support/fake-server.js'
import { outcome, pass, settle, stopClock } from '../support/settle.js'

afterEach(() => void jest.useRealTimers())

const handler = { data() {} }
const listenerThatOpens = () => Promise.resolve(createFakeListener())

describe('listen', () => {
  it('listen() rejects with the very error of an engine that cannot, in whatever way', async () => {
    const failure = systemError('EADDRINUSE')
    const ways = [
      () => Promise.reject(failure),
      () => {
        throw failure
      },
    ]
    for (const open of ways) {
      const server = createFakeServer(handler, open)
      const states: string[] = []
      server.on('state', (_, message) => states.push(message))
      expect(await rejection(server.listen('anywhere'))).toBe(failure)
      expect([server.state, server.address]).toEqual(['idle', undefined])
      expect(states).toEqual(['Starting tcp', 'Cannot listen on tcp: read EADDRINUSE'])
      expect(await outcome(server.closed)).toEqual({ state: 'pending' })
    }
  })

  it('listen() again from inside an observer of the failed start is a start like any other', async () => {
    const listening = createDeferred<FakeListener>()
    const outcomes = [Promise.reject(systemError('EADDRINUSE')), listening.promise]
    const server = createFakeServer(handler, () => outcomes.shift() ?? listenerThatOpens())
    let again: Promise<unknown> | undefined
    server.on('state', (state) => {
      if (state === 'idle') again ??= server.listen('elsewhere')
    })
    await rejection(server.listen('anywhere'))
    const closing = server.close()
    listening.resolve(createFakeListener())
    expect(await rejection(again as Promise<unknown>)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    await closing
    expect(server.state).toBe('idle')
  })

  it('listen() again from inside an observer of closed ends the old run and begins another', async () => {
    const server = createFakeServer(handler, listenerThatOpens)
    let again: Promise<unknown> | undefined
    server.on('state', (state) => {
      if (state === 'closed') again ??= server.listen('anywhere')
    })
    await server.listen('anywhere')
    const { closed } = server
    const closing = server.close()
    await settle()
    await again
    expect(server.state).toBe('listening')
    expect((await outcome(closed)).state).toBe('resolved')
    expect((await outcome(closing)).state).toBe('resolved')
    expect((await outcome(server.closed)).state).toBe('pending')
  })

  it('listen() obeys its signal at whatever moment it aborts', async () => {
    for (let moment = 0; moment < 12; moment++) {
      const stop = new AbortController()
      const listener = createFakeListener()
      const server = createFakeServer(handler, async () => {
        void abortAfter(moment, stop)
        return listener
      })
      const result = await outcome(server.listen('anywhere', { signal: stop.signal }))
      const state = result.state === 'rejected' ? 'idle' : 'closed'
      if (state === 'closed') await server.closed
      expect([moment, server.state]).toEqual([moment, state])
      expect(listener.calls).toContain('close')
      expect(getEventListeners(stop.signal, 'abort')).toEqual([])
    }
  })

  it('listen() that is overtaken destroys peers that came in the meantime', async () => {
    const port = createFakeStreamPort()
    const opened = createDeferred<FakeListener>()
    const server = createFakeServer(handler, (sink) => {
      sink.accept(port)
      return opened.promise
    })
    const listening = rejection(server.listen('anywhere'))
    const closing = server.close()
    opened.resolve(createFakeListener())
    expect(await listening).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    await closing
    expect(port.isDestroyed).toBe(true)
    port.close()
    expect(server.openConnections).toBe(0)
  })
})

/** Aborts when the microtasks that are ready have run so many times. */
async function abortAfter(moments: number, stop: AbortController): Promise<void> {
  for (let moment = 0; moment < moments; moment++) await Promise.resolve()
  stop.abort(new Error('changed my mind'))
}

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

/** Values that JavaScript can throw. */
const THROWN: [string, unknown][] = [
  ['a string', 'oops'],
  ['undefined', undefined],
  ['a symbol', Symbol('oops')],
  ['an object', { oops: true }],
  ['an object without a prototype', Object.create(null)],
]

describe('error', () => {
  it.each(THROWN)('error is an Error when a handler throws %s, at once or later', async (_, what) => {
    const fail = () => {
      throw what
    }
    for (const handle of [fail, async () => fail()]) {
      const { accept, errors, server } = await serveFake(handle)
      const port = accept()
      await settle()
      expect(errors).toHaveLength(1)
      expect(errors[0]).toBeInstanceOf(Error)
      expect(port.isDestroyed).toBe(true)
      port.close()
      await server.close()
    }
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
    const scene = await serveFake(handler)
    const off = scene.server.on('connection', () => off())
    scene.accept().close()
    expect(story(scene)).toEqual(['new', 'handler', 'close reset'])
  })
})

describe('shutdown', () => {
  it('shutdown() waits for the listener, and for its descriptor', async () => {
    await stopClock()
    const listener = createFakeListener({ close: true })
    const { server, accept } = await serveFake(handler, {}, listener)
    const stopping = server.shutdown()
    await pass(20)
    expect(listener.calls).toEqual(['removeName'])
    const late = accept()
    expect(late.isStarted).toBe(true)
    late.close()
    await pass(50)
    expect(listener.calls).toEqual(['removeName', 'close', 'close'])
    expect([server.state, server.address === undefined]).toEqual(['draining', false])
    listener.closed.resolve()
    expect(await stopping).toEqual({ idle: 0, drained: 1, forced: 0 })
    expect([server.state, server.address]).toEqual(['closed', undefined])
  })

  it('shutdown() forces at once with a signal that is aborted already, and leaves no listener', async () => {
    const { server, port } = await openFake()
    const signal = AbortSignal.abort()
    const stopping = rejection(server.shutdown({ signal }))
    await settle()
    port.close()
    expect(await stopping).toMatchObject({ code: 'ERR_SOCK_SHUTDOWN_TIMEOUT', report: { forced: 1 } })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('shutdown() also aborts the signals of connections that came while the listener drained', async () => {
    await stopClock()
    const reasons: unknown[] = []
    const scene = await serveFake(({ signal }) =>
      signal.addEventListener('abort', () => reasons.push(signal.reason)),
    )
    const stopping = scene.server.shutdown()
    const late = scene.accept()
    expect(reasons).toEqual([])
    await pass(50)
    expect(reasons).toMatchObject([{ code: 'ERR_SOCK_DRAINING' }])
    late.close()
    await stopping
  })

  it('shutdown() that is forced does not wait for a handler that never settles', async () => {
    const { server, port } = await openFake()
    port.close()
    expect(server.openConnections).toBe(0)
    const stopping = rejection(server.shutdown({ timeout: 0 }))
    expect(await stopping).toMatchObject({ code: 'ERR_SOCK_SHUTDOWN_TIMEOUT', report: { forced: 1 } })
    expect(server.state).toBe('closed')
  })

  it('close() waits for descriptors, not for handlers', async () => {
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

describe('close', () => {
  it('close() of a server rejects for an argument, and closes nothing', async () => {
    const { server, accept } = await serveFake(handler)
    const port = accept()
    const error = await rejection((server.close as (argument: object) => Promise<void>)({ timeout: 5 }))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    expect((error as Error).message).toBe('Invalid argument: close() takes none, got { timeout: 5 }')
    expect([server.state, server.openConnections]).toEqual(['listening', 1])
    port.close()
  })

  it('close() of a connection rejects for an argument, and goes on', async () => {
    let close: ((argument: unknown) => Promise<void>) | undefined
    const { accept, server } = await serveFake({
      open: (connection) => void (close = connection.close.bind(connection)),
    })
    const port = accept()
    expect(await rejection(close?.('bye') as Promise<void>)).toMatchObject({ name: 'TypeError' })
    expect([server.openConnections, port.calls.includes('shutdownWrite')]).toEqual([1, false])
    port.close()
  })
})

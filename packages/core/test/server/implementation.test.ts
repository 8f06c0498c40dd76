import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { getEventListeners } from 'node:events'
import { createFakeListener, createFakeStreamPort, type FakeListener } from '@sock/testing'
import { rejection, thrown } from '@sock/test-support/wait'
import { createDeferred } from '../../src/lib/async/deferred.js'
import { createFakeServer, openFake, serveFake, systemError } from '../support/fake-server.js'
import { outcome, pass, settle, stopClock } from '../support/settle.js'

afterEach(() => void jest.useRealTimers())

const handler = { data() {} }
const listenerThatOpens = () => Promise.resolve(createFakeListener())

describe('listen', () => {
  it('listen() rejects with the very error that the engine throws or rejects with', async () => {
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

  it('listen() that close() overtakes destroys peers that came in the meantime', async () => {
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

describe('listen', () => {
  it('listen() says of a host or a callback, as node:net takes them, what to write', async () => {
    const server = createFakeServer(handler, listenerThatOpens)
    const listen = server.listen.bind(server) as (...args: unknown[]) => Promise<unknown>
    const refusals = [
      [
        8080,
        '127.0.0.1',
        `Invalid argument '127.0.0.1': listen() takes one target, such as '127.0.0.1:8080'`,
      ],
      ['x', 'y', `Invalid argument 'y': listen() takes one target, such as 'host:port'`],
      [
        ':80',
        () => {},
        'Invalid argument [Function (anonymous)]: listen() takes no callback. Await its promise',
      ],
    ]
    for (const [target, second, message] of refusals)
      expect(await rejection(listen(target, second))).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message,
      })
  })
})

describe('state', () => {
  it('the event state has each state of a run and a line for the log, and again in the next run', async () => {
    const server = createFakeServer(handler, listenerThatOpens)
    const lines: string[] = []
    server.on('state', (state, message) => lines.push(`${state}: ${message}`))
    for (let run = 0; run < 2; run++) {
      await server.listen('anywhere')
      await server.shutdown()
    }
    const { address } = createFakeListener()
    const one = [
      'starting: Starting tcp',
      `listening: Listening on tcp ${address}`,
      `draining: Draining tcp ${address}: 0 open connections`,
      'closed: Closed tcp: 0 idle, 0 drained, 0 forced',
    ]
    expect(lines).toEqual([...one, ...one])
  })

  it('listen() rejects while the server is starting, listening or draining', async () => {
    const listening = createDeferred<FakeListener>()
    const server = createFakeServer(handler, () => listening.promise)
    const refusal = async (state: string): Promise<void> => {
      expect(await rejection(server.listen('anywhere'))).toMatchObject({
        code: 'ERR_SOCK_INVALID_STATE',
        message: `Cannot listen: the server is ${state}. Call close() and await it before you listen again`,
      })
    }
    const started = server.listen('anywhere')
    await refusal('starting')
    listening.resolve(createFakeListener())
    await started
    await refusal('listening')
    const stopping = server.shutdown()
    await refusal('draining')
    await stopping
    expect(server.state).toBe('closed')
  })
})

describe('unref', () => {
  it('unref() and ref() of a server reach the listener, also one that opens later', async () => {
    const calls: string[] = []
    const note = (name: string) => () => void calls.push(name)
    const open = () =>
      Promise.resolve(Object.assign(createFakeListener(), { ref: note('ref'), unref: note('unref') }))
    const server = createFakeServer(handler, open)
    expect(server.unref()).toBe(server)
    await server.listen('anywhere')
    expect(calls).toEqual(['unref'])
    expect(server.ref()).toBe(server)
    server.unref()
    expect(calls).toEqual(['unref', 'ref', 'unref'])
    await server.close()
  })

  it('unref() of a server throws ERR_SOCK_UNSUPPORTED if its listener cannot do it, and listen() rejects after it', async () => {
    const listeners: FakeListener[] = []
    const server = createFakeServer(handler, () => {
      const listener = Object.assign(createFakeListener(), { ref: undefined, unref: undefined })
      listeners.push(listener)
      return Promise.resolve(listener)
    })
    await server.listen('anywhere')
    expect(thrown(() => server.unref())).toMatchObject({
      code: 'ERR_SOCK_UNSUPPORTED',
      message:
        'Cannot unref a tcp server: its engine keeps the process alive while it listens. Use another engine',
    })
    await server.close()
    server.unref()
    expect(await rejection(server.listen('anywhere'))).toMatchObject({ code: 'ERR_SOCK_UNSUPPORTED' })
    expect([server.state, listeners[1]?.calls]).toEqual(['idle', ['close']])
    await server.ref().listen('anywhere')
    await server.close()
  })
})

describe('once and off', () => {
  it('once() is called for one event, and off() ends a subscription', async () => {
    const server = createFakeServer(handler, listenerThatOpens)
    const states: string[] = []
    const note = (state: string) => void states.push(state)
    server.once('state', note)
    server.on('state', note)
    await server.listen('anywhere')
    expect(states).toEqual(['starting', 'starting', 'listening'])
    server.off('state', note)
    await server.close()
    expect(states).toHaveLength(3)
  })
})

describe('shutdown', () => {
  it('shutdown() of a server that does not run resolves at once, and changes nothing', async () => {
    const server = createFakeServer(handler, listenerThatOpens)
    expect(await server.shutdown()).toEqual({ idle: 0, drained: 0, forced: 0 })
    expect(server.state).toBe('idle')
  })

  it('shutdown() that reaches its deadline is reported by its promise and the event state, not as an unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      const { server, port } = await openFake()
      let message = ''
      server.on('state', (_, line) => (message = line))
      void server.shutdown({ timeout: 0 })
      const error = rejection(server.shutdown())
      port.close()
      expect(await error).toMatchObject({
        code: 'ERR_SOCK_SHUTDOWN_TIMEOUT',
        message:
          'Shutdown destroyed 1 of 1 connections before they had finished. Raise the timeout, or let handlers return when channel.signal aborts',
      })
      await settle()
      expect(message).toBe('Closed tcp: 0 idle, 0 drained, 1 forced')
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  it('shutdown() by the signal of listen() emits its failure as an error', async () => {
    const stop = new AbortController()
    const server = createFakeServer(
      () => new Promise(() => {}),
      (sink) => {
        sink.accept(port)
        return listenerThatOpens()
      },
      { shutdownTimeout: 0 },
    )
    const port = createFakeStreamPort()
    const errors: Error[] = []
    server.on('error', (error) => errors.push(error))
    await server.listen('anywhere', { signal: stop.signal })
    stop.abort()
    await settle()
    await settle()
    port.close()
    await server.closed
    await settle()
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_SHUTDOWN_TIMEOUT' }])
  })

  it('shutdown() refuses what only looks like a signal before it begins', async () => {
    const { server } = await serveFake({ data() {} })
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
    const message = 'Invalid "signal": expected an AbortSignal, got { aborted: false }'
    const fake = { aborted: false } as AbortSignal
    await expect(server.shutdown({ signal: fake })).rejects.toMatchObject({ ...refusal, message })
    await expect(server.shutdown(new Map() as never)).rejects.toMatchObject(refusal)
    expect(server.state).toBe('listening')
    await server.close()
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
})

describe('close', () => {
  it('close() of a server rejects for an argument, and closes nothing', async () => {
    const { server, accept } = await serveFake(handler)
    const port = accept()
    const error = await rejection((server.close as (argument: object) => Promise<void>)({ timeout: 5 }))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    expect((error as Error).message).toBe('Invalid argument: close() takes no argument, got { timeout: 5 }')
    expect([server.state, server.openConnections]).toEqual(['listening', 1])
    port.close()
  })
})

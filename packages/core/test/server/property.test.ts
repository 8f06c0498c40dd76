import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { createDeferred, type Deferred } from '../../src/lib/async/deferred.js'
import type { StreamListenerSink } from '../../src/stream.js'
import {
  createFakeListener,
  createFakeStreamPort,
  type FakeListener,
  type FakeStreamPort,
} from '@sock/testing'
import { createFakeServer, systemError, type FakeServer } from '../support/fake-server.js'
import { outcome, settle } from '../support/settle.js'

/** Time passes only in one of the acts; promises and turns of the event loop go on. */
const REAL = ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'performance', 'Date'] as const
beforeAll(() => void jest.useFakeTimers({ doNotFake: [...REAL] }))
afterAll(() => void jest.useRealTimers())

/** A server, its listeners, and its promises. */
interface Run {
  readonly server: FakeServer
  readonly states: string[]
  readonly promises: Promise<unknown>[]
  readonly starts: { readonly opening: Deferred<FakeListener>; readonly sink: StreamListenerSink }[]
  readonly listeners: FakeListener[]
  readonly ports: FakeStreamPort[]
  /** The controllers that have not aborted yet, and all signals. */
  readonly stops: AbortController[]
  readonly signals: AbortSignal[]
}

type Act = (run: Run) => void | Promise<void>

const acts = {
  turn: settle,
  microturn: () => Promise.resolve(),
  listen: (run) => keep(run, run.server.listen('anywhere')),
  listenUntilAborted(run) {
    const stop = new AbortController()
    run.stops.push(stop)
    run.signals.push(stop.signal)
    keep(run, run.server.listen('anywhere', { signal: stop.signal }))
  },
  abort: ({ stops }) => stops.shift()?.abort(new Error('changed my mind')),
  close: (run) => keep(run, run.server.close()),
  shutdown: (run) => keep(run, run.server.shutdown()),
  shutdownNow: (run) => keep(run, run.server.shutdown({ signal: AbortSignal.abort() })),
  dispose: (run) => keep(run, Promise.resolve(run.server[Symbol.asyncDispose]())),
  waitForClosed: (run) => keep(run, run.server.closed),
  opens(run) {
    const listener = createFakeListener({ close: true })
    const start = run.starts.shift()
    if (start === undefined) return
    run.listeners.push(listener)
    start.opening.resolve(listener)
  },
  fails: ({ starts }) => starts.shift()?.opening.reject(systemError('EADDRINUSE')),
  /** No peer connects any more. */
  quiet: () => jest.advanceTimersByTime(20),
  closed: ({ listeners }) => listeners.at(-1)?.closed.resolve(),
  portCloses: ({ ports }) => ports.shift()?.close(),
} satisfies Record<string, Act>

/** Keeps a promise, which is checked at the end; it may reject. */
function keep({ promises }: Run, promise: Promise<unknown>): void {
  promise.catch(() => {})
  promises.push(promise)
}

async function perform(script: readonly (keyof typeof acts)[]): Promise<Run> {
  const starts: Run['starts'] = []
  const ports: FakeStreamPort[] = []
  const open = (sink: StreamListenerSink): Promise<FakeListener> => {
    const opening = createDeferred<FakeListener>()
    starts.push({ opening, sink })
    const port = createFakeStreamPort()
    // A peer connects after each start.
    sink.accept(port)
    ports.push(port)
    return opening.promise
  }
  const server = createFakeServer({ data() {} }, open, { drainIdle: 60_000 })
  const run: Run = { server, states: [], promises: [], starts, listeners: [], ports, stops: [], signals: [] }
  server.on('state', (state) => run.states.push(state))
  for (const name of script) {
    const act: Act = acts[name]
    const pause = act(run)
    if (pause !== undefined) await pause
  }
  keep(run, server.close())
  for (const _ of script) acts.opens(run)
  await settle()
  for (const listener of run.listeners) {
    listener.closed.resolve()
  }
  for (const port of ports.splice(0)) port.close()
  await settle()
  keep(run, server.close())
  await settle()
  return run
}

const NEXT: Record<string, readonly string[]> = {
  starting: ['listening', 'idle'],
  listening: ['draining'],
  draining: ['closed'],
  closed: ['starting'],
  idle: ['starting'],
}

describe('any sequence of calls to a server', () => {
  const names = Object.keys(acts) as (keyof typeof acts)[]
  const scripts = fc.array(fc.constantFrom(...names), { maxLength: 25, size: 'max' })
  const check = async (holds: (run: Run) => void | Promise<void>) =>
    fc.assert(
      fc.asyncProperty(scripts, async (script) => holds(await perform(script))),
      { numRuns: 400 },
    )

  it('a server changes its state only as it may, and does not run in the end, whatever is called', () =>
    check(({ states, server }) => {
      for (const [at, state] of states.entries()) {
        expect(NEXT[states[at - 1] ?? 'idle']).toContain(state)
      }
      expect(['idle', 'closed']).toContain(server.state)
      expect([server.address, server.openConnections]).toEqual([undefined, 0])
    }))

  it('a server closes every listener that was opened, whatever is called', () =>
    check(({ listeners }) => {
      for (const { calls } of listeners) expect(calls).toContain('close')
    }))

  it('a server settles every promise but closed of a run that never was, whatever is called', () =>
    check(async ({ promises, server, states }) => {
      const outcomes = await Promise.all(promises.map((promise) => outcome(promise)))
      const pending = promises.filter((_, at) => outcomes[at]?.state === 'pending')
      expect(pending.filter((promise) => promise !== server.closed)).toEqual([])
      if (states.at(-1) === 'closed') expect(pending).toEqual([])
    }))

  it('a server leaves no listener on a signal, whatever is called', () =>
    check(({ signals }) => {
      for (const signal of signals) expect(getEventListeners(signal, 'abort')).toEqual([])
    }))
})

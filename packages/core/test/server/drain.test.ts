import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { getEventListeners } from 'node:events'
import type { StreamConnection } from '../../src/lib/stream/connection.js'
import { Drain } from '../../src/lib/server/drain.js'
import { pass, stopClock } from '../support/settle.js'

beforeEach(stopClock)
afterEach(() => void jest.useRealTimers())

/** A drain that finds `left` connections when it is forced. */
function create(left = 0, kind: 'stream' | 'datagram' = 'stream') {
  const destroy = jest.fn<(by: 'draining' | 'closed') => number>(() => left)
  return { drain: new Drain(kind, destroy), destroy }
}

/** A drain only compares connections. */
const connection = () => ({}) as StreamConnection

describe('Drain', () => {
  it('Drain.settle() reports how many connections were idle and how many finished', async () => {
    const { drain } = create()
    const [idle, busy] = [connection(), connection()]
    drain.endedIdle(idle)
    drain.finished(busy)
    drain.finished(idle)
    drain.settle()
    expect(await drain.result).toEqual({ idle: 1, drained: 1, forced: 0 })
  })

  it('Drain.settle() rejects with the report if a connection was forced; later ends do not count', async () => {
    const { drain } = create(3)
    drain.finished(connection())
    drain.force()
    drain.finished(connection())
    drain.settle()
    const error = await rejection(drain.result)
    expect(error).toMatchObject({
      code: 'ERR_SOCK_SHUTDOWN_TIMEOUT',
      message:
        'Shutdown destroyed 3 of 4 connections before they had finished. Raise the timeout, or let handlers return when channel.signal aborts',
      report: { idle: 0, drained: 1, forced: 3 },
    })
  })

  it('Drain.settle() of a datagram server speaks of its only socket and its handler', async () => {
    const { drain } = create(1, 'datagram')
    drain.force()
    drain.settle()
    expect(await rejection(drain.result)).toMatchObject({
      code: 'ERR_SOCK_SHUTDOWN_TIMEOUT',
      message:
        'Shutdown closed the socket before its handler had returned, or before all datagrams were sent. Raise the timeout, or let the handler return when channel.signal aborts',
      report: { idle: 0, drained: 0, forced: 1 },
    })
  })

  it('Drain.settle() resolves after force() without open connections', async () => {
    const { drain } = create(0)
    drain.force()
    drain.settle()
    expect(await drain.result).toEqual({ idle: 0, drained: 0, forced: 0 })
  })

  it('Drain.limit() destroys what is left at the earliest of several deadlines, once', async () => {
    const { drain, destroy } = create(1)
    drain.limit(500, undefined)
    drain.limit(100, undefined)
    await pass(99)
    expect(drain.isForced).toBe(false)
    await pass(1)
    expect(drain.isForced).toBe(true)
    await pass(1_000)
    expect(destroy.mock.calls).toEqual([['draining']])
  })

  it('Drain.limit() destroys what is left when its signal aborts, or has aborted already', () => {
    const stop = new AbortController()
    const { drain, destroy } = create(1)
    drain.limit(1_000, stop.signal)
    expect(drain.isForced).toBe(false)
    stop.abort()
    expect(destroy).toHaveBeenCalledTimes(1)
    const other = create(1)
    other.drain.limit(1_000, stop.signal)
    expect(other.drain.isForced).toBe(true)
  })

  it('Drain.force() destroys what is left with its reason, only the first time', () => {
    const { drain, destroy } = create(1)
    drain.force('closed')
    drain.force('draining')
    expect(destroy.mock.calls).toEqual([['closed']])
  })

  it('Drain.complete() removes timers and listeners', () => {
    const stop = new AbortController()
    const { drain } = create()
    drain.limit(1_000, stop.signal)
    drain.limit(2_000, undefined)
    expect(jest.getTimerCount()).toBe(2)
    expect(drain.complete()).toEqual({ idle: 0, drained: 0, forced: 0 })
    expect(jest.getTimerCount()).toBe(0)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })
})

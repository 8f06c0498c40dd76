import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { getEventListeners } from 'node:events'
import type { StreamConnection } from '../../src/lib/stream/connection/connection.js'
import { Shutdown } from '../../src/lib/server/shutdown.js'
import { pass, stopClock } from '../support/settle.js'

beforeEach(stopClock)
afterEach(() => void jest.useRealTimers())

/** A shutdown that finds `left` connections when it is forced. */
function create(left = 0) {
  const destroy = jest.fn<(by: 'draining' | 'closed') => number>(() => left)
  return {
    shutdown: new Shutdown(({ idle, drained, forced }) => `${idle}, ${drained}, ${forced}`, destroy),
    destroy,
  }
}

/** A shutdown only compares connections. */
const connection = () => ({}) as StreamConnection

describe('Shutdown', () => {
  it('Shutdown.settle() reports how many connections were idle and how many finished', async () => {
    const { shutdown } = create()
    const [idle, busy] = [connection(), connection()]
    shutdown.endedIdle(idle)
    shutdown.settled(busy)
    shutdown.settled(idle)
    shutdown.settle()
    expect(await shutdown.result).toEqual({ idle: 1, drained: 1, forced: 0 })
  })

  it('Shutdown.settle() rejects with the report if a connection was forced; later ends do not count', async () => {
    const { shutdown } = create(3)
    shutdown.settled(connection())
    shutdown.force()
    shutdown.settled(connection())
    shutdown.settle()
    const error = await rejection(shutdown.result)
    expect(error).toMatchObject({
      code: 'ERR_SOCK_SHUTDOWN_TIMEOUT',
      message: '0, 1, 3',
      report: { idle: 0, drained: 1, forced: 3 },
    })
  })

  it('Shutdown.settle() resolves after force() without open connections', async () => {
    const { shutdown } = create(0)
    shutdown.force()
    shutdown.settle()
    expect(await shutdown.result).toEqual({ idle: 0, drained: 0, forced: 0 })
  })

  it('Shutdown.addDeadline() destroys what is left at the earliest of several deadlines, once', async () => {
    const { shutdown, destroy } = create(1)
    shutdown.addDeadline(500, undefined)
    shutdown.addDeadline(100, undefined)
    await pass(99)
    expect(shutdown.isForced).toBe(false)
    await pass(1)
    expect(shutdown.isForced).toBe(true)
    await pass(1_000)
    expect(destroy.mock.calls).toEqual([['draining']])
  })

  it('Shutdown.addDeadline() destroys what is left when its signal aborts, or has aborted already', () => {
    const stop = new AbortController()
    const { shutdown, destroy } = create(1)
    shutdown.addDeadline(1_000, stop.signal)
    expect(shutdown.isForced).toBe(false)
    stop.abort()
    expect(destroy).toHaveBeenCalledTimes(1)
    const other = create(1)
    other.shutdown.addDeadline(1_000, stop.signal)
    expect(other.shutdown.isForced).toBe(true)
  })

  it('Shutdown.force() destroys what is left with its reason, only the first time', () => {
    const { shutdown, destroy } = create(1)
    shutdown.force('closed')
    shutdown.force('draining')
    expect(destroy.mock.calls).toEqual([['closed']])
  })

  it('Shutdown.complete() removes timers and listeners', () => {
    const stop = new AbortController()
    const { shutdown } = create()
    shutdown.addDeadline(1_000, stop.signal)
    shutdown.addDeadline(2_000, undefined)
    expect(jest.getTimerCount()).toBe(2)
    expect(shutdown.complete()).toEqual({ idle: 0, drained: 0, forced: 0 })
    expect(jest.getTimerCount()).toBe(0)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })
})

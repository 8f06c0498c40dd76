import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { getEventListeners } from 'node:events'
import type { ReadOptions } from '../../src/index.js'
import { dial } from '../support/fake-datagram-sockets.js'
import { openFake } from '../support/fake-server.js'
import { pass, stopClock } from '../support/settle.js'

/** The part of a channel that the test reads from. */
interface Scene {
  readonly read: (options?: ReadOptions) => Promise<string | null>
  readonly receive: (text: string) => void
  readonly close: () => unknown
}

const KINDS: Record<string, () => Promise<Scene>> = {
  async 'read() of a connection'() {
    const { connection, port } = await openFake()
    return {
      read: async (options) => text(await connection.read(options)),
      receive: (sent) => port.receive(sent),
      close: () => connection.destroy(),
    }
  },
  async 'read() of datagrams'() {
    const { channel, port } = await dial()
    return {
      read: async (options) => text(await channel.read(options)),
      receive: (sent) => port.receive(sent),
      close: () => channel.close(),
    }
  },
  async 'receive()'() {
    const { channel, port } = await dial()
    return {
      read: async (options) => text((await channel.receive(options))?.data ?? null),
      receive: (sent) => port.receive(sent),
      close: () => channel.close(),
    }
  },
}

function text(data: Buffer | null): string | null {
  return data === null ? null : String(data)
}

beforeEach(stopClock)
afterEach(() => void jest.useRealTimers())

describe.each(Object.entries(KINDS))('%s', (kind, open) => {
  it(`${kind} with a limit gives up when its time is over, and loses nothing`, async () => {
    const { read, receive, close } = await open()
    const reading = rejection(read({ timeout: 100 }))
    await pass(99)
    expect(jest.getTimerCount()).toBe(1)
    await pass(1)
    expect(await reading).toMatchObject({
      code: 'ERR_SOCK_READ_TIMEOUT',
      message: 'Cannot read: no data arrived within 100 ms',
    })
    receive('a')
    expect(await read({ timeout: 100 })).toBe('a')
    const next = read()
    receive('b')
    expect(await next).toBe('b')
    expect(jest.getTimerCount()).toBe(0)
    await close()
  })

  it(`${kind} with a limit gives up when its signal aborts, with the reason, and leaves no listener`, async () => {
    const { read, receive, close } = await open()
    const { signal, ...controller } = abortable()
    const reading = rejection(read({ signal, timeout: 1_000 }))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await reading).toBe(reason)
    expect([getEventListeners(signal, 'abort'), jest.getTimerCount()]).toEqual([[], 0])
    receive('a')
    expect(await rejection(read({ signal }))).toBe(reason)
    expect(await read()).toBe('a')
    await close()
  })

  it(`${kind} with a limit ignores time-out and signal once it got data, and so does the next read`, async () => {
    const { read, receive, close } = await open()
    const { signal, ...controller } = abortable()
    const first = read({ signal, timeout: 100 })
    receive('a')
    // Before any code has seen the result of the first one.
    const second = read()
    controller.abort(new Error('too late'))
    await pass(1_000)
    receive('b')
    expect([await first, await second]).toEqual(['a', 'b'])
    expect([getEventListeners(signal, 'abort'), jest.getTimerCount()]).toEqual([[], 0])
    await close()
  })

  it(`${kind} with a limit leaves neither timer nor listener when its channel closes`, async () => {
    const { read, close } = await open()
    const { signal } = abortable()
    const reading = read({ signal, timeout: 100 }).catch(() => null)
    const closing = close()
    expect(await reading).toBeNull()
    expect([getEventListeners(signal, 'abort'), jest.getTimerCount()]).toEqual([[], 0])
    await closing
  })

  it(`${kind} with a timeout of 0 returns only what is queued`, async () => {
    const { read, receive, close } = await open()
    receive('a')
    expect(await read({ timeout: 0 })).toBe('a')
    const reading = rejection(read({ timeout: 0 }))
    await pass(1)
    expect(await reading).toMatchObject({ code: 'ERR_SOCK_READ_TIMEOUT' })
    await close()
  })

  it.each<[object, string]>([
    [
      { timeuot: 1 },
      'Unknown option "timeuot" in read options: did you mean "timeout"? The known options are signal, timeout',
    ],
    [{ timeout: '1' }, `Invalid "timeout": expected an integer, got '1'`],
    [{ timeout: -1 }, 'Invalid "timeout": expected an integer from 0 to 2147483647, got -1'],
    [{ signal: {} }, 'Invalid "signal": expected an AbortSignal, got {}'],
    [1 as never, 'Invalid "read options": expected an object, got 1'],
  ])(`${kind} refuses the options %j`, async (options, message) => {
    const { read, receive, close } = await open()
    expect((await rejection(read(options))).message).toBe(message)
    receive('a')
    expect(await read()).toBe('a')
    await close()
  })
})

function abortable(): { readonly signal: AbortSignal; readonly abort: (reason: Error) => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) }
}

import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { getEventListeners } from 'node:events'
import { exchange } from '../../src/index.js'
import type { Connection } from '../../src/index.js'
import { openFake, systemError } from '../support/fake-server.js'
import { outcome, settle } from '../support/settle.js'

/** A pending exchange. */
async function ask(data: string | Uint8Array = 'question', options?: Parameters<typeof exchange>[2]) {
  const scene = await openFake({ highWaterMark: 1_000 })
  const answer = exchange(scene.connection, data, options)
  answer.catch(() => {})
  return { ...scene, answer }
}

describe('exchange', () => {
  it('exchange() writes, sends its FIN and collects the answer in its pieces', async () => {
    const { port, answer } = await ask()
    expect(port.calls).toEqual(['start', 'write', 'shutdownWrite'])
    expect(port.written).toEqual(['question'])
    port.receive('an')
    port.receive('swer')
    port.finish()
    port.end()
    await settle()
    port.close()
    expect(String(await answer)).toBe('answer')
  })

  it('exchange() resolves with an answer of one chunk, or of none', async () => {
    for (const chunks of [['whole'], []]) {
      const { port, answer } = await ask(Buffer.from('question'))
      for (const chunk of chunks) port.receive(chunk)
      port.finish()
      port.end()
      await settle()
      port.close()
      expect(String(await answer)).toBe(chunks.join(''))
    }
  })

  it('exchange() resolves when the connection is closed, not before', async () => {
    const { port, answer } = await ask()
    port.receive('answer')
    port.finish()
    port.end()
    expect(await outcome(answer)).toEqual({ state: 'pending' })
    expect(port.isDestroyed).toBe(true)
    port.close()
    await answer
  })

  it('exchange() accepts a complete answer, although the peer did not read the whole request', async () => {
    const { port, answer } = await ask()
    port.receive('too long, did not read')
    port.end()
    await settle()
    port.close(systemError('EPIPE'))
    expect(String(await answer)).toBe('too long, did not read')
  })

  it('exchange() rejects with ERR_SOCK_RESET when a reset cuts the answer off', async () => {
    const { port, answer } = await ask()
    port.receive('an')
    await settle()
    port.close(systemError('ECONNRESET'))
    expect(await rejection(answer)).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })

  it('exchange() takes an answer of maxBytes and no more', async () => {
    const fits = await ask('x', { maxBytes: 4 })
    fits.port.receive('four')
    fits.port.finish()
    fits.port.end()
    await settle()
    fits.port.close()
    expect(String(await fits.answer)).toBe('four')
    const over = await ask('x', { maxBytes: 4 })
    over.port.receive('four')
    over.port.receive('5')
    expect(await rejection(over.answer)).toMatchObject({ code: 'ERR_SOCK_MESSAGE_TOO_LARGE' })
    expect(over.port.isDestroyed).toBe(true)
  })

  it('exchange() that is aborted rejects with the reason, at whatever point, and leaves no listener', async () => {
    const points: ((port: Awaited<ReturnType<typeof ask>>['port']) => void)[] = [
      () => {},
      (port) => port.receive('an'),
      (port) => {
        port.receive('answer')
        port.finish()
        port.end()
      },
    ]
    for (const reach of points) {
      const stop = new AbortController()
      const { port, answer } = await ask('x', { signal: stop.signal })
      reach(port)
      await settle()
      stop.abort('a reason that is no Error')
      expect(port.isDestroyed).toBe(true)
      port.close()
      expect(await rejection(answer)).toBe('a reason that is no Error')
      expect(getEventListeners(stop.signal, 'abort')).toEqual([])
    }
  })

  it('exchange() with a signal that is aborted already sends nothing, and destroys the connection', async () => {
    const reason = new Error('too late')
    const { port, answer } = await ask('x', { signal: AbortSignal.abort(reason) })
    expect(await rejection(answer)).toBe(reason)
    expect(port.calls).toEqual(['start', 'reset'])
  })

  it.each<[string, unknown, unknown, RegExp]>([
    ['data', 5, undefined, /^Invalid "data": expected a Uint8Array or a string, got 5$/],
    ['no data', null, undefined, /^Invalid "data".*got null$/],
    ['an option', 'x', { maxBytes: -1 }, /^Invalid "maxBytes".*got -1$/],
    ['a signal', 'x', { signal: {} }, /^Invalid "signal": expected an AbortSignal/],
    ['an unknown option', 'x', { timeout: 1 }, /^Unknown option "timeout" in exchange options/],
  ])(
    'exchange() refuses wrong arguments (%s), sends nothing, and destroys the connection',
    async (_, data, options, message) => {
      const { port, answer } = await ask(data as never, options as never)
      expect((await rejection(answer)).message).toMatch(message)
      expect(port.calls).toEqual(['start', 'reset'])
    },
  )

  it.each<[string, unknown, string]>([
    ['a promise', Promise.resolve(), 'a promise. Await it first'],
    ['an address', '127.0.0.1:80', "'127.0.0.1:80'"],
    ['nothing', undefined, 'undefined'],
    ['another object', { close() {} }, '{ close: [Function: close] }'],
  ])('exchange() with %s in place of a channel rejects with a TypeError', async (_, channel, shown) => {
    expect(await rejection(exchange(channel as never, 'x'))).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: `Invalid "channel": expected a connection or a datagram channel, got ${shown}`,
    })
  })

  it('exchange() rejects on a closed connection, or if something else reads its input', async () => {
    const { connection, port } = await openFake()
    connection.destroy()
    expect(await rejection(exchange(connection, 'x'))).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    port.close()
    const other = await openFake()
    const { stream }: Connection = other.connection
    expect(await rejection(exchange(other.connection, 'x'))).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    expect(other.port.isDestroyed).toBe(true)
    other.port.close()
    await settle()
    expect(stream.destroyed).toBe(true)
  })
})

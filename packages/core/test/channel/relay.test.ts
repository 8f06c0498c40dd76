import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { getEventListeners } from 'node:events'
import { relay, type RelayOptions } from '../../src/index.js'
import { openFake, systemError } from '../support/fake-server.js'
import { outcome, settle } from '../support/settle.js'

/** Two connections, each with its fake port, and a relay between them. */
async function join(options?: RelayOptions) {
  const [one, two] = [await openFake(), await openFake()]
  const relayed = relay(one.connection, two.connection, options)
  relayed.catch(() => {})
  await settle()
  return { one, two, relayed }
}

type Side = Awaited<ReturnType<typeof openFake>>

/** The peer of a side ends in order. */
async function end({ port }: Side): Promise<void> {
  port.end()
  await settle()
}

/** The FIN of a side is sent, and its port is closed once core asks for that. */
async function finish({ port }: Side): Promise<void> {
  port.finish()
  await settle()
}

describe('relay', () => {
  it('relay() carries both directions, passes on the end of each, and counts the bytes', async () => {
    const { one, two, relayed } = await join()
    one.port.receive('question')
    await settle()
    expect(two.port.written).toEqual(['question'])
    await end(one)
    expect(two.port.calls).toContain('shutdownWrite')
    expect(one.port.calls).not.toContain('shutdownWrite')
    two.port.receive('late ')
    two.port.receive('answer')
    await settle()
    expect(one.port.written.join('')).toBe('late answer')
    await end(two)
    await finish(one)
    await finish(two)
    expect(await outcome(relayed)).toEqual({ state: 'pending' })
    one.port.close()
    two.port.close()
    expect(await relayed).toEqual({ forward: 8, backward: 11 })
  })

  it('relay() reads no further from one side while the other is full', async () => {
    const { one, two } = await join()
    two.port.bufferedBytes = 10
    for (const chunk of ['first', 'second', 'third', 'fourth']) one.port.receive(chunk)
    await settle()
    expect(two.port.written).toEqual(['first'])
    expect(one.port.calls.at(-1)).toBe('pause')
    two.port.drain()
    await settle()
    expect(two.port.written.join(' ')).toBe('first second third fourth')
    expect(one.port.calls.at(-1)).toBe('resume')
    for (const { port, connection } of [one, two]) {
      connection.destroy()
      port.close()
    }
  })

  it.each(['one', 'two'] as const)('relay() resets the other side when side %s breaks', async (broken) => {
    const sides = await join()
    const other = sides[broken === 'one' ? 'two' : 'one']
    sides[broken].port.close(systemError('ECONNRESET'))
    await settle()
    expect(other.port.calls.at(-1)).toBe('reset')
    expect(await outcome(sides.relayed)).toEqual({ state: 'pending' })
    other.port.close()
    expect(await rejection(sides.relayed)).toMatchObject({
      code: 'ERR_SOCK_RESET',
      cause: { code: 'ECONNRESET' },
    })
  })

  it('relay() rejects when the receiver is gone before it has sent anything', async () => {
    const { one, two, relayed } = await join()
    await end(two)
    two.port.close(systemError('EPIPE'))
    one.port.receive('to nobody')
    await settle()
    expect(one.port.calls.at(-1)).toBe('reset')
    one.port.close()
    expect(await rejection(relayed)).toMatchObject({
      code: 'ERR_SOCK_CLOSED',
      cause: { code: 'ERR_SOCK_RESET' },
    })
  })

  it('relay() resets both connections when its signal aborts, rejects with its reason, and leaves no listener', async () => {
    for (const when of ['before', 'during'] as const) {
      const abort = new AbortController()
      const reason = new Error('enough')
      if (when === 'before') abort.abort(reason)
      const { one, two, relayed } = await join({ signal: abort.signal })
      abort.abort(reason)
      await settle()
      for (const { port } of [one, two]) {
        expect(port.calls.at(-1)).toBe('reset')
        port.close()
      }
      expect(await rejection(relayed)).toBe(reason)
      expect(getEventListeners(abort.signal, 'abort')).toEqual([])
    }
  })

  it('relay() refuses what is no connection, one connection twice, and unknown options', async () => {
    const { connection, port } = await openFake()
    const other = await openFake()
    for (const wrong of [undefined, null, 'tcp', {}, connection])
      expect(await rejection(relay(connection, wrong as never))).toMatchObject({
        message: expect.stringContaining('Invalid "second"'),
      })
    expect(await rejection(relay(null as never, connection))).toMatchObject({
      message: expect.stringContaining('Invalid "first"'),
    })
    const idle = relay(connection, other.connection, { idleTimeout: 1 } as never)
    expect(await rejection(idle)).toMatchObject({
      message: expect.stringContaining('Unknown option "idleTimeout"'),
    })
    expect(port.calls).toEqual(['start'])
  })
})

import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { useInput } from '../../../src/transport.js'
import { createDeferred } from '../../../src/lib/async/deferred.js'
import { openWith } from '../../support/callbacks.js'
import {
  openFake,
  openStuck,
  serveFake,
  story,
  systemError,
  type OpenFake,
} from '../../support/fake-server.js'
import { outcome, settle } from '../../support/settle.js'

describe('close', () => {
  it('connection.close() resolves when the port is closed, not when its FIN is sent', async () => {
    const { connection, port } = await openFake()
    const closing = connection.close()
    port.finish()
    port.end()
    expect(port.calls).toEqual(['start', 'shutdownWrite', 'destroy'])
    expect(await outcome(closing)).toEqual({ state: 'pending' })
    port.close()
    await Promise.all([closing, connection.close()])
  })

  it('connection.close() rejects when the port breaks before everything is flushed', async () => {
    const { connection, port } = await openFake()
    const closing = connection.close()
    port.close(systemError('ECONNRESET'))
    expect(await rejection(closing)).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })

  it('connection.close() rejects when the port closes without an error before everything is flushed', async () => {
    const { connection, port, writing } = await openStuck()
    const closing = connection.close()
    port.close()
    expect(await rejection(writing)).toMatchObject({ code: 'ERR_SOCK_RESET' })
    expect(await rejection(closing)).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })

  it('connection.close() resolves when the port breaks after everything was flushed', async () => {
    const { connection, port } = await openFake()
    const closing = connection.close()
    port.finish()
    port.close(systemError('ECONNRESET'))
    await closing
  })

  it('connection.close() after closeWrite() sends no second FIN', async () => {
    const { connection, port } = await openFake()
    const ending = connection.closeWrite()
    const closing = connection.close()
    expect(port.count('shutdownWrite')).toBe(1)
    port.finish()
    port.end()
    port.close()
    await Promise.all([ending, closing])
  })

  it('connection.close() drops input that has not been read', async () => {
    const { connection, port } = await openFake()
    port.receive('unread')
    void connection.close()
    port.receive('too late')
    expect(await connection.read()).toBeNull()
  })

  it('connection.close() drops it also when both sides had finished before', async () => {
    const { connection, port } = await openFake()
    port.receive('unread')
    port.end()
    void connection.closeWrite()
    port.finish()
    port.close()
    expect(connection.isOpen).toBe(false)
    await connection.close()
    expect(await connection.read()).toBeNull()
  })

  it('connection.close() lets writes finish that wait for a drain', async () => {
    const { connection, port, writing } = await openStuck()
    const closing = connection.close()
    port.drain()
    await writing
    port.finish()
    port.end()
    port.close()
    await closing
  })
})

describe('openConnections', () => {
  it('openConnections counts a connection off once, though its port reports twice that it is closed', async () => {
    const { port, release, ...scene } = await openFake()
    port.close()
    port.close(systemError('ECONNRESET'))
    expect(scene.server.openConnections).toBe(0)
    expect(story(scene)).toEqual(['new', 'handler', 'close reset'])
    release()
    await settle()
    expect(scene.server.openConnections).toBe(0)
  })
})

describe('how a port closes', () => {
  it.each(['finish', 'end'] as const)(
    'a port that closes after only one side has ended is taken for a reset: %s',
    async (side) => {
      const { connection, port, ...scene } = await openFake()
      if (side === 'finish') void connection.closeWrite()
      port[side]()
      port.close()
      expect(story(scene).at(-1)).toBe('close reset')
    },
  )

  it('a port that breaks after both sides have ended is reported', async () => {
    const { connection, port, ...scene } = await openFake()
    void connection.close()
    port.finish()
    port.end()
    port.close(systemError('EIO'))
    expect(scene.errors).toMatchObject([{ code: 'EIO' }])
    expect(story(scene).at(-1)).toBe('close error')
  })

  it('a port that breaks after destroy() is not reported', async () => {
    const { connection, port, ...scene } = await openFake()
    connection.destroy()
    port.close(systemError('EIO'))
    expect(scene.errors).toEqual([])
    expect(story(scene).at(-1)).toBe('close destroyed')
  })

  it('destroy() of a connection that has closed in order, with input unread, is no failure of its handler', async () => {
    const step = createDeferred()
    const scene = await serveFake(async (connection) => {
      await connection.closeWrite()
      await step.promise
      connection.destroy()
      await connection.read()
    })
    const port = scene.accept()
    port.receive('unread')
    port.finish()
    port.end()
    port.close()
    await settle()
    step.resolve()
    await scene.server.shutdown()
    expect(scene.errors).toEqual([])
    expect(story(scene).at(-1)).toBe('close ended')
  })
})

describe('signal', () => {
  it('connection.signal aborts when the connection is destroyed, before its port is closed', async () => {
    const { connection } = await openFake()
    const { signal } = connection
    const reason = new Error('enough')
    connection.destroy(reason)
    expect(signal.reason).toMatchObject({ code: 'ERR_SOCK_CLOSED', cause: reason })
  })

  it('connection.signal aborts when the connection has ended in order, and when it broke', async () => {
    const ended = await openFake()
    const broken = await openFake()
    const [first, second] = [ended.connection.signal, broken.connection.signal]
    void ended.connection.closeWrite()
    ended.port.finish()
    ended.port.end()
    expect(first.aborted).toBe(false)
    ended.port.close()
    broken.port.close(systemError('ECONNRESET'))
    expect(first.reason).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    expect(second.reason).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })
})

describe('destroy', () => {
  it.each<[string, Error | undefined, string]>([
    ['closes the port without an error', undefined, 'destroy'],
    [
      'resets the port with an error, so that the peer takes no part for the whole',
      new Error('oops'),
      'reset',
    ],
  ])('connection.destroy() %s, once', async (_, error, call) => {
    const { connection, port } = await openFake()
    connection.destroy(error)
    connection.destroy(new Error('again'))
    expect(port.calls).toEqual(['start', call])
  })

  it('connection.destroy() rejects everything that waits with its error, and close() afterwards resolves', async () => {
    const { connection, port } = await openFake()
    const reason = new Error('enough')
    const waiting = [connection.read(), connection.closeWrite()]
    connection.destroy(reason)
    for (const each of waiting) expect(await rejection(each)).toBe(reason)
    const closing = connection.close()
    expect(await outcome(closing)).toEqual({ state: 'pending' })
    port.close()
    expect(await outcome(closing)).toMatchObject({ state: 'resolved' })
  })

  it.each([
    ['destroys a connection that only waits for input', true, 'destroy'],
    ['resets a connection with a handler that is at work', false, 'reset'],
  ])('server.close() %s', async (_, reads, call) => {
    const { server, accept } = await serveFake(async (connection) => {
      if (reads) await connection.read()
      else await new Promise(() => {})
    })
    const port = accept()
    const closing = server.close()
    expect(port.calls.at(-1)).toBe(call)
    port.close()
    await closing
  })
})

describe('an idle connection', () => {
  /** Closes the server: that destroys an idle connection, and resets a busy one, whose answer may be incomplete. */
  function stateOf({ server, port }: Pick<OpenFake, 'server' | 'port'>): 'idle' | 'busy' {
    void server.close()
    const call = port.calls.at(-1)
    port.close()
    return call === 'destroy' ? 'idle' : 'busy'
  }

  it.each<[string, 'idle' | 'busy', readonly ('receive' | 'write')[]]>([
    ['idle until something has arrived', 'idle', []],
    ['busy while it has received something and not answered', 'busy', ['receive']],
    ['idle after its answer', 'idle', ['receive', 'write']],
    ['busy again when more arrives after its answer', 'busy', ['receive', 'write', 'receive']],
  ])('a connection that is used as a stream is %s', async (_, state, steps) => {
    const scene = await openFake({ highWaterMark: 100 })
    const { stream } = scene.connection
    stream.resume()
    await settle()
    for (const step of steps) {
      if (step === 'receive') scene.port.receive('request')
      else stream.write('answer')
      await settle()
    }
    expect(stateOf(scene)).toBe(state)
  })

  it.each([
    [true, 'busy'],
    [false, 'idle'],
  ])('a connection that waits for input is busy if its handler says so: %s', async (busy, state) => {
    const scene = await openFake()
    scene.connection.read().catch(() => {})
    scene.connection.busy = true
    scene.connection.busy = busy
    expect(stateOf(scene)).toBe(state)
  })

  it.each([
    [true, false, 'busy'],
    [false, true, 'busy'],
    [false, false, 'idle'],
  ])(
    'a connection is busy if its program says so (%s), or what takes its input (%s)',
    async (busy, isBusy, state) => {
      const scene = await openFake()
      scene.connection.read().catch(() => {})
      scene.connection.busy = true
      useInput(scene.connection, { isBusy })
      scene.connection.busy = busy
      expect(stateOf(scene)).toBe(state)
    },
  )

  it('a connection of callbacks is busy while a promise of a callback is pending, and idle after it', async () => {
    for (const state of ['busy', 'idle'] as const) {
      const opening = createDeferred()
      const scene = await openWith({ open: () => opening.promise })
      if (state === 'idle') opening.resolve()
      await settle()
      expect([...scene.server.connections()]).toEqual([scene.connection])
      expect(stateOf(scene)).toBe(state)
    }
  })

  it('a connection of callbacks is busy while its peer has ended and waits for the answer', async () => {
    const scene = await openWith()
    scene.port.end()
    expect(stateOf(scene)).toBe('busy')
  })
})

import { describe, expect, it } from '@jest/globals'
import { createFakeStreamPort } from '@sock/testing'
import type { Connection } from '../../../src/index.js'
import { createDeferred } from '../../../src/lib/async/deferred.js'
import { openWith } from '../../support/callbacks.js'
import { serveFake, systemError } from '../../support/fake-server.js'
import { settle } from '../../support/settle.js'

describe('order of callbacks', () => {
  it('callbacks come in order, also when the port delivers everything at once', async () => {
    const { connection, port, heard } = await openWith()
    port.receive('a')
    port.receive('b')
    port.end()
    void connection.close()
    port.finish()
    port.close()
    expect(heard).toEqual(['open', 'data a', 'data b', 'end', 'close'])
  })

  it('callbacks are not called for input after the end', async () => {
    const { port, heard } = await openWith()
    port.end()
    port.receive('too late')
    port.end()
    expect(heard).toEqual(['open', 'end'])
  })

  it('callbacks are not called after destroy(), except close', async () => {
    const { connection, port, heard } = await openWith()
    connection.destroy(new Error('enough'))
    port.receive('was on its way')
    port.end()
    port.close()
    expect(heard).toEqual(['open', 'close enough'])
  })

  it.each(['destroy()', 'a failure'] as const)(
    'callbacks are not called after %s, except close, although the connection was closed before',
    async (how) => {
      const pending = createDeferred()
      const { connection, port, heard } = await openWith({ data: () => pending.promise })
      port.receive('a')
      port.receive('b')
      port.end()
      void connection.closeWrite()
      port.finish()
      port.close()
      if (how === 'destroy()') {
        connection.destroy()
        pending.resolve()
      } else pending.reject(new Error('oops'))
      await settle()
      expect(heard).toEqual(['open', 'data a', 'close'])
    },
  )

  it('callbacks are not called for the rest of a delivery in which `data` destroys the connection', async () => {
    const { port, heard } = await openWith({ data: (connection) => connection.destroy(new Error('enough')) })
    for (const text of ['a', 'b', 'c']) port.receive(text)
    port.close()
    expect(heard).toEqual(['open', 'data a', 'close enough'])
  })

  it('the callback drain is called when less than highWaterMark waits, and not before', async () => {
    const { connection, port, heard } = await openWith()
    port.bufferedBytes = 30
    void connection.write('x')
    port.drain(10)
    expect(heard).toEqual(['open'])
    port.drain(9)
    port.drain(0)
    expect(heard).toEqual(['open', 'drain'])
  })
})

describe('callbacks that read', () => {
  it('an async open that reads decides when the connection closes: not before it has settled', async () => {
    const answer = createDeferred()
    const { accept } = await serveFake({
      async open(connection) {
        while ((await connection.read()) !== null);
        await answer.promise
      },
    })
    const port = accept()
    port.end()
    await settle()
    expect(port.count('shutdownWrite')).toBe(0)
    answer.resolve()
    await settle()
    expect(port.count('shutdownWrite')).toBe(1)
  })

  it('an open that starts a reader and returns lets that reader close the connection', async () => {
    const { accept } = await serveFake({ open: (connection) => void connection.read() })
    const port = accept()
    port.end()
    await settle()
    expect(port.count('shutdownWrite')).toBe(0)
  })

  it('the callback end is called although the input is read with read()', async () => {
    const heard: string[] = []
    const { accept } = await serveFake({
      open: (connection) => void connection.read(),
      end: () => void heard.push('end'),
    })
    accept().end()
    expect(heard).toEqual(['end'])
  })
})

describe('callbacks that throw', () => {
  it.each(['open', 'data', 'end', 'drain', 'close'] as const)(
    'the callback %s that throws is reported once, and its connection is not kept',
    async (name) => {
      const failure = new Error('oops')
      const port = createFakeStreamPort()
      const fail = (): never => {
        throw failure
      }
      const { accept, errors, server } = await serveFake({ data() {}, end() {}, [name]: fail })
      accept(port)
      if (name === 'data') port.receive('a')
      if (name === 'end') port.end()
      if (name === 'drain') {
        port.bufferedBytes = 30
        for (const connection of server.connections()) connection.write('x').catch(() => {})
        port.drain()
      }
      if (name !== 'close') expect(port.calls.at(-1)).toBe('reset')
      port.close()
      expect(errors).toEqual([failure])
      expect(server.stats()).toMatchObject({ open: 0, handlerErrors: 1 })
    },
  )
})

describe('callbacks that end the connection', () => {
  it.each(['open', 'data', 'end', 'drain'] as const)(
    'the callback %s may call close(), which sends one FIN',
    async (name) => {
      const { port, connection, heard, errors } = await openWith({
        [name]: (given: Connection) => void given.close(),
      })
      port.bufferedBytes = 30
      void connection.write('x').catch(() => {})
      port.receive('a')
      port.drain()
      port.end()
      port.finish()
      port.close()
      expect(port.count('shutdownWrite')).toBe(1)
      expect(port.count('destroy')).toBe(1)
      expect(heard[0]).toBe('open')
      expect(heard.at(-1)).toBe('close')
      expect(errors).toEqual([])
    },
  )

  it.each(['open', 'data', 'end', 'drain'] as const)(
    'the callback %s may call destroy(), and close is called once after that',
    async (name) => {
      const { port, connection, heard, errors } = await openWith({
        [name]: (given: Connection) => given.destroy(),
      })
      port.bufferedBytes = 30
      void connection.write('x').catch(() => {})
      port.receive('a')
      port.drain()
      port.end()
      port.close()
      expect(port.count('destroy')).toBe(1)
      expect(heard.filter((what) => what.startsWith('close'))).toHaveLength(1)
      expect(heard.at(-1)).toMatch(/^close /)
      expect(errors).toEqual([])
    },
  )

  it('the callback close may call close() and destroy() once more, and its failure is reported', async () => {
    const failure = new Error('oops')
    const { port, heard, errors, server } = await openWith({
      async close(connection) {
        await connection.close()
        connection.destroy()
        throw failure
      },
    })
    port.close(systemError('ECONNRESET'))
    await settle()
    expect(heard).toEqual(['open', 'close Connection was reset or lost'])
    expect(errors).toEqual([failure])
    expect(server.stats()).toMatchObject({ open: 0, handlerErrors: 1 })
  })

  it('shutdown() waits for a callback close that is still at work', async () => {
    const work = createDeferred()
    const { port, server } = await openWith({ close: () => work.promise })
    const stopping = server.shutdown()
    port.close(systemError('ECONNRESET'))
    await settle()
    expect(server.state).toBe('draining')
    work.resolve()
    expect(await stopping).toEqual({ idle: 0, drained: 1, forced: 0 })
  })
})

describe('data that returns a promise', () => {
  /** The first call of `data` is pending until the test resolves or rejects it. */
  async function openSlow() {
    const first = createDeferred()
    let calls = 0
    const scene = await openWith({ data: () => (++calls === 1 ? first.promise : undefined) })
    scene.port.receive('a')
    return { ...scene, first }
  }

  it('the callback data gets no chunk while its promise is pending, and the port is paused while highWaterMark bytes wait', async () => {
    const { port, heard, first } = await openSlow()
    port.receive('123456789')
    expect(port.count('pause')).toBe(0)
    port.receive('0')
    expect(port.count('pause')).toBe(1)
    expect(heard).toEqual(['open', 'data a'])
    first.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a', 'data 123456789', 'data 0'])
    expect(port.count('resume')).toBe(1)
  })

  it('the callback data gets no chunk while its promise is pending, although that of open has settled', async () => {
    const [opening, first] = [createDeferred(), createDeferred()]
    const { port, heard } = await openWith({ open: () => opening.promise, data: () => first.promise })
    port.receive('a')
    port.receive('b')
    opening.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a'])
    first.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a', 'data b'])
  })

  it('the callback data holds its chunk until it returns or its promise settles, and the port learns of both', async () => {
    const held: unknown[] = []
    const first = createDeferred()
    const port = Object.assign(createFakeStreamPort(), {
      held: (chunk?: Buffer) => void held.push(chunk?.toString()),
    })
    await openWith({ data: (_, chunk) => (String(chunk) === 'later' ? first.promise : undefined) }, port)
    port.receive('now')
    expect(held).toEqual(['now', undefined])
    port.receive('later')
    expect(held.slice(2)).toEqual(['later'])
    first.resolve()
    await settle()
    expect(held.slice(2)).toEqual(['later', undefined])
  })

  it('the callback data gets everything before end and close, though the port has closed long ago', async () => {
    const { port, connection, heard, first, server } = await openSlow()
    port.receive('b')
    void connection.closeWrite()
    port.finish()
    port.end()
    port.close()
    expect(heard).toEqual(['open', 'data a'])
    expect(server.openConnections).toBe(0)
    first.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a', 'data b', 'end', 'close'])
  })

  it('the callback data gets no more after the port broke, and close is called at once', async () => {
    const { port, heard, first } = await openSlow()
    port.receive('b')
    port.close(systemError('ECONNRESET'))
    expect(heard.at(-1)).toBe('close Connection was reset or lost')
    first.resolve()
    await settle()
    expect(heard.at(-1)).toBe('close Connection was reset or lost')
  })

  it('the callback data gets no more after destroy(), though chunks wait and others still come', async () => {
    const { port, connection, heard, first } = await openSlow()
    port.receive('b')
    connection.destroy(new Error('enough'))
    port.receive('c')
    port.close()
    first.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a', 'close enough'])
  })

  it('the callback data that rejects is reported once, and its connection is destroyed', async () => {
    const { port, heard, first, errors, server } = await openSlow()
    port.receive('b')
    const failure = new Error('oops')
    first.reject(failure)
    await settle()
    expect(port.isDestroyed).toBe(true)
    port.close()
    expect(heard).toEqual(['open', 'data a', 'close oops'])
    expect(errors).toEqual([failure])
    expect(server.stats().handlerErrors).toBe(1)
  })

  it('the callback data that fails after the port closed cleanly is reported once, and gets no more', async () => {
    const first = createDeferred()
    const failure = new Error('oops')
    const { port, connection, heard, errors } = await openWith({
      data(_, chunk) {
        if (String(chunk) === 'a') return first.promise
        throw failure
      },
    })
    for (const text of ['a', 'b', 'c']) port.receive(text)
    void connection.closeWrite()
    port.finish()
    port.end()
    port.close()
    first.resolve()
    await settle()
    expect(errors).toEqual([failure])
    expect(heard.slice(0, 3)).toEqual(['open', 'data a', 'data b'])
    expect(heard.at(-1)).toMatch(/^close/)
  })
})

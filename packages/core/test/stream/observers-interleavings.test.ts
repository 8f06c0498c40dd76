import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import type { Connection, ConnectionState } from '../../src/index.js'
import { openWith } from '../support/callbacks.js'
import { openFake, serveFake, story, systemError } from '../support/fake-server.js'
import { outcome, pass, settle, stopClock } from '../support/settle.js'

/** A connection that an observer destroys inside the observed event. */
async function openObserved(state: ConnectionState) {
  const scene = await openFake()
  scene.server.on('connection', (event) => {
    if (event.state === state) scene.connection.destroy()
  })
  return scene
}

afterEach(() => void jest.useRealTimers())

describe('a connection that an observer destroys', () => {
  it('closeWrite() rejects and sends no FIN when an observer of it destroys the connection', async () => {
    const { connection, port } = await openObserved('closeWrite')
    expect((await rejection(connection.closeWrite())).code).toBe('ERR_SOCK_CLOSED')
    expect(port.calls).toEqual(['start', 'destroy'])
  })

  it('write() rejects and writes nothing when an observer of it destroys the connection', async () => {
    const { connection, port } = await openObserved('write')
    expect((await rejection(connection.write('late'))).code).toBe('ERR_SOCK_CLOSED')
    expect(port.calls).toEqual(['start', 'destroy'])
  })

  it('read() rejects without the observed chunk when an observer of it destroys the connection', async () => {
    const { connection, port } = await openObserved('read')
    port.receive('late')
    expect(await outcome(connection.read())).toMatchObject({ error: { code: 'ERR_SOCK_CLOSED' } })
  })

  it.each(['closeRead', 'closeWrite'] as const)(
    'close() sends no FIN and rejects when an observer of its %s destroys the connection',
    async (state) => {
      const { connection, port } = await openObserved(state)
      const closing = connection.close()
      const error = rejection(closing)
      expect(port.calls).toEqual(['start', 'destroy'])
      port.close()
      expect((await error).code).toBe('ERR_SOCK_CLOSED')
    },
  )

  it.each([
    ['destroys it', undefined],
    ['destroys it with an error', new Error('told')],
  ])(
    'a shutdown that ends an idle connection does not call "end" when an observer of its closeRead %s',
    async (_, error) => {
      await stopClock()
      const calls: string[] = []
      const handler = { end: () => void calls.push('end'), close: () => void calls.push('close') }
      const { server, accept, errors } = await serveFake(handler, { drainIdle: 100 })
      const port = accept()
      const [connection] = server.connections()
      server.on('connection', ({ state }) => {
        if (state === 'closeRead') connection?.destroy(error)
      })
      const stopping = server.shutdown()
      await pass(200)
      expect([calls, connection?.isOpen]).toEqual([[], false])
      port.close()
      await stopping
      expect([calls, errors]).toEqual([['close'], []])
    },
  )
})

describe('what an observer does in the middle of a write', () => {
  /** The first time that a write is observed. */
  async function openObservedOnce(act: (connection: Connection) => unknown) {
    const scene = await openFake()
    const stop = scene.server.on('connection', ({ state }) => {
      if (state !== 'write') return
      stop()
      act(scene.connection)
    })
    return scene
  }

  it('write() by an observer of a write is sent after that write', async () => {
    const { connection, port } = await openObservedOnce((own) => own.write('B'))
    expect(await outcome(connection.write('A'))).toMatchObject({ state: 'resolved' })
    void connection.write('C')
    expect(port.written).toEqual(['A', 'B', 'C'])
  })

  it.each(['close', 'closeWrite'] as const)(
    '%s() by an observer of a write rejects that write, and the connection ends in order',
    async (end) => {
      const { connection, port, errors, ...scene } = await openObservedOnce((own) => own[end]())
      void connection.write('A')
      expect((await rejection(connection.write('B'))).code).toBe('ERR_SOCK_CLOSED')
      expect([port.written, port.calls.at(-1), connection.bytesWritten]).toEqual([[], 'shutdownWrite', 0])
      port.finish()
      port.end()
      port.close()
      expect([story(scene).at(-1), errors]).toEqual(['close ended', []])
    },
  )

  it('write() and close() by an observer of a write let both writes through', async () => {
    const { connection, port } = await openObservedOnce((own) => {
      void own.write('B')
      void own.close()
    })
    expect(await outcome(connection.write('A'))).toMatchObject({ state: 'resolved' })
    expect([port.written, port.calls.at(-1)]).toEqual([['A', 'B'], 'shutdownWrite'])
    expect(connection.bytesWritten).toBe(2)
  })
})

describe('what an observer does in the middle of input', () => {
  it('closeRead() by an observer of a read keeps the observed chunk from the data callback', async () => {
    const { server, connection, port, heard } = await openWith()
    server.on('connection', ({ state }) => state === 'read' && connection.closeRead())
    port.receive('late')
    expect([heard, connection.bytesRead]).toEqual([['open'], 4])
  })

  it('destroy() by an observer of the end of input keeps the end callback from being called', async () => {
    const { server, connection, port, heard } = await openWith()
    server.on('connection', ({ state }) => state === 'closeRead' && connection.destroy())
    port.end()
    port.close()
    expect(heard).toEqual(['open', 'close Cannot continue: the connection is closed'])
  })

  it('destroy() by an observer of the end of input rejects the read that waits for it', async () => {
    const { server, connection, port } = await openFake()
    server.on('connection', ({ state }) => state === 'closeRead' && connection.destroy())
    const reading = rejection(connection.read())
    port.end()
    expect((await reading).code).toBe('ERR_SOCK_CLOSED')
  })

  it('destroy() while data is pending keeps the end callback from being called', async () => {
    let resolve!: () => void
    const { connection, port, heard } = await openWith({
      data: () => new Promise((done) => (resolve = done)),
    })
    port.receive('x')
    port.end()
    connection.destroy()
    resolve()
    await settle()
    expect(heard).toEqual(['open', 'data x'])
  })

  it('read() rejects after destroy() when chunks before the end have not been read', async () => {
    const { connection, port } = await openFake()
    port.receive('unread')
    port.end()
    connection.destroy()
    expect((await rejection(connection.read())).code).toBe('ERR_SOCK_CLOSED')
  })
})

describe('what an observer of errors does', () => {
  it('an observer of errors gets a broken connection as a closed one, and can close its server', async () => {
    const { server, connection, port, ...scene } = await openFake()
    const seen: unknown[] = []
    server.on('error', () => {
      seen.push(connection.isOpen)
      seen.push(connection.write('late'), connection.closeWrite(), connection.read(), server.close())
    })
    port.receive('12345')
    port.close(systemError('EIO'))
    await Promise.allSettled(seen)
    expect([seen[0], port.calls, story(scene).at(-1)]).toEqual([false, ['start'], 'close error'])
    expect(server.stats()).toMatchObject({ open: 0, bytesRead: 5, bytesWritten: 0 })
  })

  it('destroy() by an observer of errors hides a failed handler neither from the peer nor from other observers', async () => {
    const { server, port, ...scene } = await openWith({
      data() {
        throw new Error('oops')
      },
    })
    server.on('error', (_, connection) => connection?.destroy())
    port.receive('x')
    port.close()
    expect([port.calls, story(scene).at(-1)]).toEqual([['start', 'reset'], 'close error'])
  })
})

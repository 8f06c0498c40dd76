import { describe, expect, it } from '@jest/globals'
import type { Connection } from '../../../src/index.js'
import { connectStream } from '../../../src/stream.js'
import { INPUT_TURN, USE_INPUT } from '../../../src/lib/channel/input-user.js'
import { turnOf, useInput } from '../../../src/transport.js'
import { createFakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { openWith } from '../../support/callbacks.js'
import { openFake, serveFake, type OpenFake } from '../../support/fake-server.js'
import { reachable } from '../../support/reachable.js'

/** The members of the type: a name too many, or one that is missing, does not compile. */
const MEMBERS: Record<keyof Connection, true> = {
  id: true,
  transport: true,
  localAddress: true,
  remoteAddress: true,
  isOpen: true,
  signal: true,
  data: true,
  read: true,
  write: true,
  close: true,
  secure: true,
  tls: true,
  peerCredentials: true,
  bytesRead: true,
  bytesWritten: true,
  busy: true,
  waitingBytes: true,
  writableNeedDrain: true,
  closeRead: true,
  closeWrite: true,
  destroy: true,
  ref: true,
  unref: true,
  stream: true,
  [Symbol.asyncIterator]: true,
  [Symbol.asyncDispose]: true,
}

/** Those of users of the input are for packages of this repository. */
const members = new Set([...Reflect.ownKeys(MEMBERS), USE_INPUT, INPUT_TURN])

describe('connection.ref() and unref()', () => {
  it('connection.ref() and unref() ask the port, and return the connection', async () => {
    const { connection, port } = await openWith()
    expect(connection.unref().ref()).toBe(connection)
    expect(port.calls.slice(-2)).toEqual(['unref', 'ref'])
  })

  it('connection.unref() throws where the port cannot do it, and ref() does nothing there', async () => {
    const port = Object.assign(createFakeStreamPort(), { ref: undefined, unref: undefined })
    const { connection } = await openWith({}, port)
    expect(connection.ref()).toBe(connection)
    expect(() => connection.unref()).toThrow(
      'Cannot unref a tcp connection: its engine keeps the process alive while it is open. Use another engine',
    )
  })
})

describe('what a handler holds', () => {
  it('a connection of a server has the public members, and no others', async () => {
    const { connection } = await openWith()
    expect(reachable(connection)).toEqual(members)
  })

  it('a connection of a client has the public members, and no others', async () => {
    const connection = await connectStream({
      transport: 'tcp',
      remote: undefined,
      highWaterMark: 10,
      maxWriteBuffer: 100,
      idleTimeout: 0,
      readTimeout: 0,
      writeTimeout: 0,
      onState: undefined,
      dial: () => Promise.resolve(createFakeStreamPort()),
    })
    expect(reachable(connection)).toEqual(members)
  })

  it('observers of errors, callbacks and server.connections() get the same connection object', async () => {
    const failure = new Error('enough')
    const seen: unknown[] = []
    const scene = await openWith({
      data(connection) {
        seen.push(connection)
        throw failure
      },
    })
    scene.server.on('error', (_error, connection) => seen.push(connection))
    seen.push(...scene.server.connections())
    scene.port.receive('x')
    expect(seen.map((connection) => connection === scene.connection)).toEqual([true, true, true])
  })
})

describe('close', () => {
  it('close() of a connection rejects for an argument, and goes on', async () => {
    let close: ((argument: unknown) => Promise<void>) | undefined
    const { accept, server } = await serveFake({
      open: (connection) => void (close = connection.close.bind(connection)),
    })
    const port = accept()
    expect(await rejection(close?.('bye') as Promise<void>)).toMatchObject({ name: 'TypeError' })
    expect([server.openConnections, port.calls.includes('shutdownWrite')]).toEqual([1, false])
    port.close()
  })
})

describe('useInput', () => {
  /** A connection, and what the user of its input is told. */
  async function used(): Promise<OpenFake & { dropped: unknown[] }> {
    const scene = await openFake()
    const dropped: unknown[] = []
    useInput(scene.connection, { isBusy: false, inputDropped: (error) => void dropped.push(error) })
    return { ...scene, dropped }
  }

  it('useInput(): the user drops its input when this side reads no more', async () => {
    for (const end of ['close', 'closeRead'] as const) {
      const { connection, port, dropped } = await used()
      void connection[end]()
      expect(dropped).toEqual([undefined])
      port.close()
    }
  })

  it('useInput(): the user learns why the connection was destroyed', async () => {
    const { connection, port, dropped } = await used()
    const error = new Error('enough')
    connection.destroy(error)
    expect(dropped).toEqual([error])
    port.close()
  })

  it('useInput(): the user keeps its input when the peer has ended or gone', async () => {
    const { port, dropped } = await used()
    port.end()
    port.close()
    expect(dropped).toEqual([])
  })

  it('turnOf() says whether the peer or the program is next, and when no more comes', async () => {
    const { connection, port } = await openFake()
    expect([turnOf(connection), turnOf({} as never)]).toEqual(['peer', 'peer'])
    port.receive('x')
    expect(turnOf(connection)).toBe('program')
    await connection.read()
    expect(turnOf(connection)).toBe('peer')
    port.end()
    expect(turnOf(connection)).toBe('nobody')
    port.close()
  })
})

import { describe, expect, it } from '@jest/globals'
import type { ConnectionEvent } from '../../src/index.js'
import { connectStream, type StreamClient } from '../../src/stream.js'
import { ipAddress } from '../../src/transport.js'
import { createFakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { systemError } from '../support/fake-server.js'

const remote = ipAddress('192.0.2.1', 80)

/** A dial that ends at a port of the test, with what its observer has heard. */
function dialling(settings: Partial<StreamClient> = {}) {
  const port = createFakeStreamPort()
  const events: ConnectionEvent[] = []
  const dial: StreamClient = {
    transport: 'tcp',
    remote,
    highWaterMark: 10,
    maxWriteBuffer: Infinity,
    idleTimeout: 0,
    readTimeout: 0,
    writeTimeout: 0,
    configure: undefined,
    onState: (event) => events.push(event),
    dial: () => Promise.resolve(port),
    ...settings,
  }
  return { port, events, dial }
}

describe('connectStream', () => {
  it('connectStream() resolves with a connection over the port that was dialled', async () => {
    const { port, dial, events } = dialling()
    const connection = await connectStream(dial)
    expect(port.calls).toEqual(['start'])
    const { id } = connection
    const { localAddress: local, remoteAddress } = port
    expect(events).toEqual([
      { id, state: 'dial', local: undefined, remote },
      { id, state: 'new', local, remote: remoteAddress },
      { id, state: 'handler', local, remote: remoteAddress },
    ])
    port.close()
    expect(events.at(-1)).toEqual({ id, state: 'close', local, remote: remoteAddress, reason: 'reset' })
  })

  it('connectStream() rejects with the error of the dial, and emits no event new', async () => {
    const failure = systemError('ECONNREFUSED')
    const { dial, events } = dialling({ dial: () => Promise.reject(failure) })
    expect(await rejection(connectStream(dial))).toBe(failure)
    expect(events.map(({ state }) => state)).toEqual(['dial'])
  })

  it('connectStream() destroys the port, which was not started, when configure throws', async () => {
    const failure = new Error('cannot configure')
    const { port, dial, events } = dialling({
      configure() {
        throw failure
      },
    })
    expect(await rejection(connectStream(dial))).toBe(failure)
    expect(port.calls).toEqual(['destroy'])
    expect(events.map(({ state }) => state)).toEqual(['dial'])
  })

  it('connectStream() passes the socket of the port to configure', async () => {
    const sockets: unknown[] = []
    const { port, dial } = dialling({ configure: (socket) => void sockets.push(socket) })
    const connection = await connectStream(dial)
    expect(sockets).toEqual([port.socket])
    connection.destroy()
    port.close()
  })

  it('connectStream() resolves with a connection that has the names of its port, and tls', async () => {
    const { port, dial } = dialling()
    const tls = { protocol: 'TLSv1.3' }
    const secure = Object.assign(port, { secure: true, tls })
    const connection = await connectStream(dial)
    const { transport, localAddress, remoteAddress } = connection
    expect({ transport, localAddress, remoteAddress }).toEqual({
      transport: 'tcp',
      localAddress: secure.localAddress,
      remoteAddress: secure.remoteAddress,
    })
    expect([connection.secure, connection.tls]).toEqual([true, tls])
    port.close()
  })

  it('connectStream() has a connection whose read rejects when its port breaks, and whose signal has that cause', async () => {
    const { port, dial } = dialling()
    const connection = await connectStream(dial)
    const broken = systemError('EIO')
    const reading = connection.read()
    port.close(broken)
    expect(await rejection(reading)).toBe(broken)
    expect(connection.signal.reason).toMatchObject({ code: 'ERR_SOCK_CLOSED', cause: broken })
  })
})

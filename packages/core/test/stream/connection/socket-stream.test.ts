import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createFakeStreamPort } from '@sock/testing'
import { ipAddress, unixAddress } from '../../../src/transport.js'
import type { Connection } from '../../../src/index.js'
import { serveFake } from '../../support/fake-server.js'

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }))
afterEach(() => void jest.useRealTimers())

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The stream of a connection over a fake port with these properties. */
async function openStream(properties: object = {}) {
  const port = Object.assign(createFakeStreamPort(), properties)
  let connection!: Connection
  const { accept } = await serveFake({ open: (given) => void (connection = given) })
  accept(port)
  return { port, connection, stream: connection.stream }
}

describe('SocketStream', () => {
  it('SocketStream.remoteAddress, localAddress and their parts are those of the connection, as Node writes them', async () => {
    const { stream, connection } = await openStream({
      localAddress: ipAddress('::1', 80),
      remoteAddress: ipAddress('192.0.2.1', 4_000),
    })
    expect(stream).toMatchObject({
      remoteAddress: '192.0.2.1',
      remotePort: 4_000,
      remoteFamily: 'IPv4',
      localAddress: '::1',
      localPort: 80,
      localFamily: 'IPv6',
      connecting: false,
      pending: false,
      readyState: 'open',
      timeout: undefined,
    })
    expect(stream.address()).toEqual({ address: '::1', port: 80, family: 'IPv6' })
    expect(stream.connection).toBe(connection)
    expect(connection.stream).toBe(stream)
  })

  it('SocketStream.remoteAddress of an IPv4 peer of an IPv6 socket is mapped, as on a socket', async () => {
    const { stream, connection } = await openStream({
      localAddress: ipAddress('::ffff:192.0.2.2', 80),
      remoteAddress: ipAddress('::ffff:192.0.2.1', 4_000),
    })
    expect(stream).toMatchObject({
      remoteAddress: '::ffff:192.0.2.1',
      remoteFamily: 'IPv6',
      localAddress: '::ffff:192.0.2.2',
      localFamily: 'IPv6',
    })
    expect(stream.address()).toEqual({ address: '::ffff:192.0.2.2', port: 80, family: 'IPv6' })
    expect(connection.remoteAddress).toMatchObject({ family: 'ipv4', host: '192.0.2.1' })
  })

  it('SocketStream.remoteAddress may be a plain object, which a preface may give', async () => {
    const { stream } = await openStream({
      remoteAddress: { family: 'ipv4', host: '192.0.2.1', port: 4_000 },
    })
    expect(stream).toMatchObject({ remoteAddress: '192.0.2.1', remoteFamily: 'IPv4' })
  })

  it('SocketStream.remoteAddress and its parts are undefined on Unix sockets', async () => {
    const names = { localAddress: unixAddress('/run/app.sock'), remoteAddress: undefined }
    const { stream } = await openStream(names)
    expect(stream.remoteAddress).toBeUndefined()
    expect(stream.remoteFamily).toBeUndefined()
    expect(stream.localPort).toBeUndefined()
    expect(stream.address()).toEqual({})
  })

  it('SocketStream.bytesRead and bytesWritten count received bytes, and bytes written to the stream', async () => {
    const { stream, port } = await openStream()
    stream.resume()
    port.receive('hello')
    port.bufferedBytes = 1_000_000
    stream.write('abc')
    stream.write('de')
    await settle()
    expect([stream.bytesRead, stream.bytesWritten]).toEqual([5, 5])
  })

  it('SocketStream.readyState shows which sides are open', async () => {
    const { stream, port } = await openStream()
    stream.allowHalfOpen = true
    stream.resume()
    port.end()
    await settle()
    expect(stream.readyState).toBe('writeOnly')
    stream.end()
    await settle()
    expect(stream.readyState).toBe('closed')
  })

  it('SocketStream.setTimeout() emits "timeout" after quiet time, and leaves the connection open', async () => {
    const { stream, port, connection } = await openStream()
    stream.resume()
    const heard = jest.fn()
    expect(stream.setTimeout(100, heard)).toBe(stream)
    expect(stream.timeout).toBe(100)
    jest.advanceTimersByTime(99)
    port.receive('x')
    await settle()
    jest.advanceTimersByTime(99)
    stream.write('y')
    await settle()
    jest.advanceTimersByTime(99)
    expect(heard).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1)
    expect(heard).toHaveBeenCalledTimes(1)
    expect(connection.isOpen).toBe(true)
  })

  it('SocketStream.setTimeout() takes the progress of one long write for movement', async () => {
    const { stream, port } = await openStream()
    const heard = jest.fn()
    stream.setTimeout(100, heard)
    port.bufferedBytes = 1_000_000
    stream.write('a long one')
    await settle()
    for (let step = 1; step <= 3; step++) {
      port.writeProgress = step
      jest.advanceTimersByTime(100)
    }
    expect(heard).not.toHaveBeenCalled()
    jest.advanceTimersByTime(100)
    expect(heard).toHaveBeenCalledTimes(1)
  })

  it('SocketStream.setTimeout(0) takes back the timer and the callback, and a destroyed stream sets no timer', async () => {
    const { stream } = await openStream()
    const heard = jest.fn()
    stream.setTimeout(100, heard)
    stream.setTimeout(0, heard)
    expect(jest.getTimerCount()).toBe(0)
    expect(stream.listenerCount('timeout')).toBe(0)
    stream.setTimeout(100)
    stream.destroy()
    expect(jest.getTimerCount()).toBe(0)
    stream.setTimeout(100)
    expect(jest.getTimerCount()).toBe(0)
  })

  it.each([
    ['1', 'Invalid "ms": expected a time in ms'],
    [-1, 'Invalid "ms": expected a time from 0'],
    [Infinity, 'Invalid "ms"'],
    [NaN, 'Invalid "ms"'],
  ])('SocketStream.setTimeout() refuses %p', async (ms, message) => {
    const { stream } = await openStream()
    expect(() => stream.setTimeout(ms as number)).toThrow(message)
    expect(() => stream.setTimeout(1, 'callback' as never)).toThrow('Invalid "callback"')
  })

  it('SocketStream has bufferSize, server and autoSelectFamilyAttemptedAddresses as a connected socket of Node', async () => {
    const { stream, port } = await openStream()
    port.bufferedBytes = 1_000_000
    stream.write('passed on')
    stream.write('waits')
    expect(stream.bufferSize).toBe(stream.writableLength)
    expect(stream.bufferSize).toBeGreaterThan(0)
    expect(stream.server).toBeNull()
    expect(stream.autoSelectFamilyAttemptedAddresses).toEqual([])
  })

  it('SocketStream.setTypeOfService() reaches the socket of the engine, and does nothing without one', async () => {
    const socket = { setTypeOfService: jest.fn(), getTypeOfService: () => 8 }
    const { stream } = await openStream({ socket })
    expect(stream.setTypeOfService(8).getTypeOfService()).toBe(8)
    expect(socket.setTypeOfService).toHaveBeenCalledWith(8)
    const other = await openStream()
    expect(other.stream.setTypeOfService(8).getTypeOfService()).toBe(0)
  })

  it('SocketStream.setKeepAlive() takes its arguments as an object, too', async () => {
    const socket = { setKeepAlive: jest.fn() }
    const { stream } = await openStream({ socket })
    stream.setKeepAlive({ enable: true, initialDelay: 5_000 }).setKeepAlive({})
    expect(socket.setKeepAlive.mock.calls).toEqual([
      [true, 5_000],
      [false, 0],
    ])
  })

  it('SocketStream.setNoDelay() and setKeepAlive() reach the socket of the engine, and do nothing without one', async () => {
    const socket = { setNoDelay: jest.fn(), setKeepAlive: jest.fn() }
    const { stream } = await openStream({ socket })
    expect(stream.setNoDelay().setKeepAlive(true, 5_000)).toBe(stream)
    expect(socket.setNoDelay).toHaveBeenCalledWith(true)
    expect(socket.setKeepAlive).toHaveBeenCalledWith(true, 5_000)
    const other = await openStream()
    expect(other.stream.setNoDelay(false).setKeepAlive()).toBe(other.stream)
  })

  it('SocketStream.ref() and unref() reach the port, and do nothing where the engine cannot do that', async () => {
    const unref = jest.fn()
    const { stream } = await openStream({ ref: jest.fn(), unref })
    expect(stream.unref().ref()).toBe(stream)
    expect(unref).toHaveBeenCalledTimes(1)
    const other = await openStream({ ref: undefined, unref: undefined })
    expect(other.stream.unref().ref()).toBe(other.stream)
  })

  it('SocketStream.connect() emits "connect" for a program that connects its socket itself', async () => {
    const { stream } = await openStream()
    const heard: string[] = []
    for (const name of ['connect', 'ready']) stream.on(name, () => heard.push(name))
    expect(stream.connect(80, 'ignored')).toBe(stream)
    expect(heard).toEqual([])
    await settle()
    expect(heard).toEqual(['connect', 'ready'])
  })

  it('SocketStream.destroySoon() sends the queued output, then closes', async () => {
    const { stream, port } = await openStream()
    stream.write('last words')
    const isClosed = new Promise<void>((resolve) => stream.once('close', resolve))
    stream.destroySoon()
    await settle()
    expect(port.written).toEqual(['last words'])
    port.end()
    await settle()
    port.close()
    await isClosed
    expect(port.count('reset')).toBe(0)
  })

  it('SocketStream.resetAndDestroy() resets, and emits no error', async () => {
    const { stream, port } = await openStream()
    const heard = jest.fn()
    stream.on('error', heard)
    stream.resetAndDestroy()
    await settle()
    expect(port.count('reset')).toBe(1)
    expect(heard).not.toHaveBeenCalled()
    expect(stream.destroyed).toBe(true)
  })

  it('SocketStream has the members of the socket that the port names', async () => {
    const socket = {
      encrypted: true,
      getCipher(): unknown {
        return this
      },
    }
    const socketMembers = ['encrypted', 'getCipher', 'missing']
    const { stream } = await openStream({ socket, socketMembers })
    const shown = stream as unknown as typeof socket & { missing: unknown }
    expect(shown.encrypted).toBe(true)
    expect(shown.getCipher()).toBe(socket)
    expect(shown.missing).toBeUndefined()
  })
})

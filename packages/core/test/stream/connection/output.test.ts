import { describe, expect, it } from '@jest/globals'
import { createFakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { markReused } from '../../../src/lib/channel/reused-memory.js'
import { openFake, openStuck, story, systemError } from '../../support/fake-server.js'
import { outcome, settle } from '../../support/settle.js'

describe('write', () => {
  it('connection.write() below highWaterMark returns one promise for all, which is resolved already', async () => {
    const { connection, port } = await openFake({ highWaterMark: 10 })
    port.bufferedBytes = 9
    const first = connection.write('a')
    expect(connection.write(Buffer.from('b'))).toBe(first)
    expect(connection.writableNeedDrain).toBe(false)
    expect(port.written).toEqual(['a', 'b'])
    expect(port.count('requestDrain')).toBe(0)
    await first
  })

  it('connection.write() of no bytes writes nothing, and of another type rejects', async () => {
    const { connection, port } = await openFake()
    await connection.write('')
    await connection.write(new Uint8Array())
    const error = await rejection(connection.write([1] as never))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toBe('Invalid "data": expected a Uint8Array or a string, got [ 1 ]')
    expect(port.calls).toEqual(['start'])
  })

  it('connection.write() waits from highWaterMark on, and asks for one drain for all waiting writes', async () => {
    const { connection, port } = await openFake({ highWaterMark: 10 })
    port.bufferedBytes = 10
    const first = connection.write('a')
    const second = connection.write('b')
    expect(await outcome(Promise.race([first, second]))).toEqual({ state: 'pending' })
    expect(connection.writableNeedDrain).toBe(true)
    expect(port.count('requestDrain')).toBe(1)
    port.drain(9)
    await Promise.all([first, second])
    expect(connection.writableNeedDrain).toBe(false)
  })

  it('connection.write() keeps waiting if highWaterMark bytes are left after a drain, and asks again', async () => {
    const { connection, port, writing } = await openStuck()
    port.drain(10)
    expect(await outcome(writing)).toEqual({ state: 'pending' })
    expect(connection.writableNeedDrain).toBe(true)
    expect(port.count('requestDrain')).toBe(2)
    port.drain(9)
    await writing
  })

  it('connection.write() ignores a drain that was not requested', async () => {
    const { connection, port } = await openFake()
    port.drain()
    await connection.write('x')
    expect(port.calls).toEqual(['start', 'write'])
  })

  it('connection.write() that waits rejects with ERR_SOCK_RESET when the peer is gone, which is no error of the server', async () => {
    const { port, writing, ...scene } = await openStuck()
    port.close(systemError('EPIPE'))
    expect(await rejection(writing)).toMatchObject({ code: 'ERR_SOCK_RESET', cause: { code: 'EPIPE' } })
    expect(scene.errors).toEqual([])
    expect(story(scene).at(-1)).toBe('close reset')
  })

  it('connection.write() that waits rejects with the error of a port that broke, which is reported', async () => {
    const { port, writing, ...scene } = await openStuck()
    const broken = systemError('EIO')
    port.close(broken)
    expect(await rejection(writing)).toBe(broken)
    expect(scene.errors).toEqual([broken])
    expect(story(scene).at(-1)).toBe('close error')
    expect(scene.server.stats().handlerErrors).toBe(0)
  })

  it('connection.write() that waits rejects when destroyed, and a late drain does no harm', async () => {
    const { connection, port, writing } = await openStuck()
    const reason = new Error('enough')
    connection.destroy(reason)
    port.drain()
    port.finish()
    port.close()
    expect(await rejection(writing)).toBe(reason)
    expect(port.count('requestDrain')).toBe(1)
  })

  it('connection.write() makes a connection idle again that is used as a stream and has received something', async () => {
    const { connection, port, server } = await openFake()
    connection.stream.resume()
    port.receive('request')
    await settle()
    connection.stream.write('answer')
    await settle()
    void server.close()
    // A busy connection would be reset, since its answer may be incomplete.
    expect(port.calls.slice(-2)).toEqual(['write', 'destroy'])
    port.close()
  })

  it('connection.write() copies bytes that an engine reads into again, unless its port does so', async () => {
    const chunk = Buffer.from('reused')
    markReused(chunk.buffer)
    for (const takesReused of [false, true]) {
      const sent: Uint8Array[] = []
      const port = Object.assign(createFakeStreamPort(), { takesReused })
      port.write = (data) => void sent.push(data)
      const { connection } = await openFake({}, port)
      await connection.write(chunk)
      expect(sent).toEqual([chunk])
      expect(sent[0] === chunk).toBe(takesReused)
    }
  })

  it('connection.write() after destroy() rejects with the reason as its cause', async () => {
    const { connection, port } = await openFake()
    const reason = new Error('enough')
    connection.destroy(reason)
    expect(await rejection(connection.write('x'))).toMatchObject({ code: 'ERR_SOCK_CLOSED', cause: reason })
    expect(port.written).toEqual([])
  })
})

describe('closeWrite', () => {
  it('connection.closeWrite() resolves for all callers when the FIN is sent', async () => {
    const { connection, port } = await openFake()
    const first = connection.closeWrite()
    const second = connection.closeWrite()
    expect(connection.isOpen).toBe(false)
    expect(await outcome(Promise.race([first, second]))).toEqual({ state: 'pending' })
    port.finish()
    await Promise.all([first, second, connection.closeWrite()])
    expect(port.calls).toEqual(['start', 'shutdownWrite'])
  })

  it('connection.closeWrite() tells observers once', async () => {
    const { connection, port, ...scene } = await openFake()
    for (let call = 0; call < 2; call++) void connection.closeWrite()
    port.finish()
    await connection.closeWrite()
    expect(story(scene)).toEqual(['new', 'handler', 'closeWrite'])
  })

  it('connection.closeWrite() rejects when the port closes before its FIN is sent', async () => {
    const { connection, port } = await openFake()
    const ending = connection.closeWrite()
    port.close(systemError('ECONNRESET'))
    expect(await rejection(ending)).toMatchObject({ code: 'ERR_SOCK_RESET' })
    expect(await rejection(connection.closeWrite())).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
  })

  it('connection.closeWrite() rejects when the connection is destroyed before its FIN is sent', async () => {
    const { connection } = await openFake()
    const ending = connection.closeWrite()
    connection.destroy()
    expect(await rejection(ending)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
  })

  it('connection.closeWrite() destroys the port once both sides have ended, in either order', async () => {
    for (const order of [
      ['finish', 'end'],
      ['end', 'finish'],
    ] as const) {
      const { connection, port, ...scene } = await openFake()
      void connection.closeWrite()
      port[order[0]]()
      expect(port.count('destroy')).toBe(0)
      port[order[1]]()
      expect(port.count('destroy')).toBe(1)
      port.close()
      expect(story(scene).at(-1)).toBe('close ended')
    }
  })
})

describe('maxWriteBuffer', () => {
  it('maxWriteBuffer lets one write of any length through', async () => {
    const { connection, port } = await openFake({ highWaterMark: 10, maxWriteBuffer: 20 })
    port.bufferedBytes = 100
    void connection.write('x'.repeat(100))
    expect(port.isDestroyed).toBe(false)
  })

  it('maxWriteBuffer resets a connection that writes beyond it, and rejects all waiting writes', async () => {
    const { connection, port, ...scene } = await openFake({ highWaterMark: 10, maxWriteBuffer: 20 })
    port.bufferedBytes = 19
    const first = rejection(connection.write('x'.repeat(19)))
    port.bufferedBytes = 20
    const second = rejection(connection.write('x'))
    expect(port.isDestroyed).toBe(false)
    port.bufferedBytes = 21
    const third = rejection(connection.write('x'))
    expect(port.calls.at(-1)).toBe('reset')
    const error = await first
    expect(error).toMatchObject({ code: 'ERR_SOCK_BACKPRESSURE' })
    expect(error.message).toBe(
      'Peer reads too slowly: 21 bytes are queued, and "maxWriteBuffer" is 20. Await write() before you write more',
    )
    expect([await second, await third, scene.errors]).toEqual([error, error, [error]])
    expect(await rejection(connection.write('x'))).toMatchObject({ code: 'ERR_SOCK_CLOSED', cause: error })
    port.close()
    expect(story(scene).at(-1)).toBe('close overflow')
  })

  it('maxWriteBuffer counts the bytes in the stream of a connection', async () => {
    const { connection, port, ...scene } = await openFake({ highWaterMark: 10, maxWriteBuffer: 200 })
    port.bufferedBytes = 100
    const { stream } = connection
    let failure: Error | undefined
    stream.on('error', (error) => (failure = error))
    for (let part = 0; part < 3; part++) stream.write('x'.repeat(99))
    expect(port.isDestroyed).toBe(false)
    stream.write('x'.repeat(99))
    expect(port.isDestroyed).toBe(true)
    await settle()
    expect(failure).toMatchObject({ code: 'ERR_SOCK_BACKPRESSURE' })
    expect(stream.writableLength).toBeLessThanOrEqual(4 * 99)
    expect(scene.errors).toEqual([failure])
  })
})

import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { createDeferred } from '../../../src/lib/async/deferred.js'
import { openWith } from '../../support/callbacks.js'
import { openFake, story, systemError } from '../../support/fake-server.js'
import { outcome, settle } from '../../support/settle.js'

/** The chunks a connection has, as text, up to the end. */
async function rest(connection: AsyncIterable<Buffer>): Promise<string[]> {
  const chunks: string[] = []
  for await (const chunk of connection) chunks.push(String(chunk))
  return chunks
}

describe('read', () => {
  it('connection.read() returns the chunks that are queued, and then waits for the next one', async () => {
    const { connection, port } = await openFake()
    port.receive('one')
    port.receive('two')
    expect(String(await connection.read())).toBe('one')
    expect(String(await connection.read())).toBe('two')
    const waiting = connection.read()
    expect(await outcome(waiting)).toEqual({ state: 'pending' })
    port.receive('three')
    expect(String(await waiting)).toBe('three')
  })

  it('connection.read() gives the bytes before a clean close, and then the end', async () => {
    const { connection, port } = await openFake()
    void connection.closeWrite()
    port.receive('last')
    port.finish()
    port.end()
    port.close()
    expect(String(await connection.read())).toBe('last')
    expect(await connection.read()).toBeNull()
  })

  it('connection.read() gives the bytes before the port broke, and then rejects', async () => {
    const { connection, port } = await openFake()
    port.receive('last')
    port.close(systemError('ECONNRESET'))
    expect(String(await connection.read())).toBe('last')
    const error = await rejection(connection.read())
    expect(error).toMatchObject({ code: 'ERR_SOCK_RESET', cause: { code: 'ECONNRESET' } })
    // No code of the program caused it, so its stack has no lines.
    expect((error as Error).stack).toBe('SockError: Connection was reset or lost')
    expect(await rejection(connection.read())).toBe(error)
  })

  it('connection.read() that waits rejects when the port closes without an end', async () => {
    const { connection, port } = await openFake()
    const reading = connection.read()
    port.close()
    expect(await rejection(reading)).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })

  it('connection.read() takes nothing that comes after the end', async () => {
    const { connection, port, ...scene } = await openFake()
    port.end()
    port.receive('too late')
    expect(await connection.read()).toBeNull()
    expect(story(scene)).toEqual(['new', 'handler', 'closeRead'])
    expect(connection.bytesRead).toBe(8)
  })

  it('connection.read() takes nothing that comes after destroy()', async () => {
    const { connection, port } = await openFake()
    const reason = new Error('enough')
    const reading = connection.read()
    connection.destroy(reason)
    port.receive('was on its way')
    expect(await rejection(reading)).toBe(reason)
    expect(await rejection(connection.read())).toBe(reason)
    port.close()
    expect(await rejection(connection.read())).toBe(reason)
  })

  it('connection.read() loses nothing when destroyed between two chunks of one delivery', async () => {
    const { connection, port } = await openFake()
    const reading = connection.read()
    port.receive('first')
    connection.destroy()
    expect(String(await reading)).toBe('first')
    expect(await rejection(connection.read())).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
  })

  it('connection.read() and observers see the end once, though the port reports it twice', async () => {
    const { connection, port, ...scene } = await openFake()
    const reading = rest(connection)
    port.receive('x')
    port.end()
    port.end()
    expect(await reading).toEqual(['x'])
    expect(story(scene)).toEqual(['new', 'handler', 'read', 'closeRead'])
  })
})

describe('closeRead', () => {
  it('connection.closeRead() tells observers once', async () => {
    const { connection, port, ...scene } = await openFake()
    connection.closeRead()
    connection.closeRead()
    port.end()
    expect(story(scene)).toEqual(['new', 'handler', 'closeRead'])
  })

  it('connection.closeRead() drops chunks that wait for the callback data', async () => {
    const first = createDeferred()
    const { connection, port, heard } = await openWith({ data: () => first.promise })
    for (const text of ['a', 'b']) port.receive(text)
    connection.closeRead()
    first.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a'])
  })
})

describe('readers', () => {
  it('connection.read() is refused while the input goes to the callback data', async () => {
    const { connection } = await openWith()
    const error = await rejection(connection.read())
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    expect(error.message).toBe('Cannot read: the input goes to the "data" callback. Read it there')
  })

  it('connection.read() is refused while the input goes to the stream', async () => {
    const { connection } = await openFake()
    connection.stream.pause()
    const error = await rejection(connection.read())
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    expect(error.message).toBe('Cannot read: the input goes to the stream. Read it there')
  })
})

describe('pause', () => {
  it('port.pause() is called once, when highWaterMark bytes are queued', async () => {
    const { port } = await openFake({ highWaterMark: 10 })
    port.receive('123456789')
    expect(port.count('pause')).toBe(0)
    port.receive('0')
    expect(port.count('pause')).toBe(1)
    port.receive('was on its way')
    expect(port.count('pause')).toBe(1)
  })

  it('port.resume() is called once, when fewer than highWaterMark bytes are queued', async () => {
    const { connection, port } = await openFake({ highWaterMark: 10 })
    for (const text of ['12345', '67890', 'abcde']) port.receive(text)
    await connection.read()
    expect(port.count('resume')).toBe(0)
    await connection.read()
    expect(port.count('resume')).toBe(1)
    await connection.read()
    expect(port.count('resume')).toBe(1)
    for (const text of ['12345', '67890']) port.receive(text)
    expect(port.count('pause')).toBe(2)
  })

  it('port.pause() is not called for a chunk that a read waits for, however large', async () => {
    const { connection, port } = await openFake({ highWaterMark: 10 })
    const reading = connection.read()
    port.receive('x'.repeat(1000))
    expect((await reading)?.length).toBe(1000)
    expect(port.count('pause')).toBe(0)
  })

  it('port.pause() is undone by closeRead(), so that the rest can be discarded', async () => {
    const { connection, port } = await openFake({ highWaterMark: 10 })
    port.receive('more than ten')
    connection.closeRead()
    expect(port.calls).toEqual(['start', 'pause', 'resume'])
    port.receive('even more than ten')
    expect(port.calls).toEqual(['start', 'pause', 'resume'])
    expect(await connection.read()).toBeNull()
    expect(connection.bytesRead).toBe(31)
  })

  it('connection.bytesRead counts nothing that comes after the end of the connection', async () => {
    const { connection, port, server, release } = await openFake()
    port.receive('on time')
    connection.destroy()
    port.receive('late')
    port.close()
    release()
    await settle()
    port.receive('later')
    expect([connection.bytesRead, server.stats().bytesRead]).toEqual([7, 7])
  })
})

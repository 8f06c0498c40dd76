import { describe, expect, it } from '@jest/globals'
import { createFakeStreamPort } from '@sock/testing'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { StreamCallbacks } from '../../../src/index.js'
import { openFake, serveFake, story, systemError } from '../../support/fake-server.js'
import { settle } from '../../support/settle.js'

/** The stream of a connection, and its errors. */
async function openStream() {
  const scene = await openFake({ highWaterMark: 10 })
  const { stream } = scene.connection
  const failures: Error[] = []
  stream.on('error', (error) => failures.push(error))
  return { ...scene, stream, failures }
}

/** Waits for the end of a stream; unlike `once()`, an error is not in the way. */
function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => stream.on('close', resolve))
}

describe('stream', () => {
  it('connection.stream emits what arrives, and ends at the end of the input', async () => {
    const { stream, port } = await openStream()
    const chunks: string[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(String(chunk)))
    const ended = once(stream, 'end')
    port.receive('a')
    await settle()
    port.receive('b')
    port.end()
    await ended
    expect(chunks).toEqual(['a', 'b'])
  })

  it('connection.stream holds the peer back while its data is not read', async () => {
    const { stream, port } = await openStream()
    stream.pause()
    for (let count = 0; count < 100; count++) {
      port.receive('x'.repeat(5_000))
      await settle()
    }
    expect(port.count('pause')).toBe(1)
    expect(stream.readableLength).toBeLessThanOrEqual(stream.readableHighWaterMark + 5_000)
    stream.destroy()
  })

  it('connection.stream tells the port first that its chunks are kept', async () => {
    const port = Object.assign(createFakeStreamPort(), {
      keepChunks: () => void port.calls.push('keepChunks'),
    })
    const { connection } = await openFake({}, port)
    connection.stream.pause()
    connection.stream.pause()
    expect(port.calls).toEqual(['start', 'keepChunks'])
  })

  it('connection.stream that has read its end is destroyed when the connection closes, although it was not ended', async () => {
    const { stream, port, connection } = await openStream()
    stream.resume()
    port.end()
    await once(stream, 'end')
    void connection.close()
    port.finish()
    port.close()
    await closed(stream)
    expect(connection.isOpen).toBe(false)
  })

  it('connection.stream writes in order, and waits for the drain of the connection', async () => {
    const { stream, port } = await openStream()
    port.bufferedBytes = 30
    const done: string[] = []
    for (const text of ['a', 'b']) stream.write(text, () => done.push(text))
    await settle()
    expect([port.written, done]).toEqual([['a'], []])
    port.drain()
    await settle()
    expect([port.written, done]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
    stream.destroy()
  })

  it('connection.stream that is ended sends the FIN, and finishes when that is sent', async () => {
    const { stream, port } = await openStream()
    const finished = once(stream, 'finish')
    stream.end('bye')
    await settle()
    expect(port.calls).toEqual(['start', 'write', 'shutdownWrite'])
    port.finish()
    await finished
    stream.resume()
    port.end()
    port.close()
    await closed(stream)
  })

  it('connection.stream fails as a socket does when its connection breaks, with or without a listener', async () => {
    const { stream, port, failures, errors } = await openStream()
    port.close(systemError('ECONNRESET'))
    await closed(stream)
    expect(failures).toMatchObject([{ code: 'ECONNRESET', cause: { code: 'ERR_SOCK_RESET' } }])
    const silent = await openFake()
    const unheard = silent.connection.stream
    silent.port.close(systemError('ECONNRESET'))
    await closed(unheard)
    expect(unheard.errored).toMatchObject({ code: 'ECONNRESET' })
    expect(errors).toEqual([])
  })

  it('connection.stream passes the code of a reset to writes that wait', async () => {
    const { stream, port, failures } = await openStream()
    port.bufferedBytes = 30
    const written = new Promise((resolve) => void stream.write('waits', resolve))
    port.close(systemError('EPIPE'))
    expect(await written).toMatchObject({ code: 'ECONNRESET', cause: { code: 'ERR_SOCK_RESET' } })
    expect(failures).toHaveLength(1)
  })

  it.each([
    ['after an error', 'ECONNRESET', true],
    ['after an orderly end', undefined, false],
  ])('connection.stream says in "close" %s whether there was one', async (_, code, hadError) => {
    const { stream, port } = await openStream()
    stream.allowHalfOpen = false
    const heard = new Promise((resolve) => void stream.once('close', resolve))
    if (code === undefined) {
      port.end()
      await settle()
      port.finish()
    } else port.close(systemError(code))
    expect(await heard).toBe(hadError)
  })

  it('connection.stream that nobody reads learns of the end of its peer', async () => {
    const { stream, port } = await openStream()
    let isEnded = false
    stream.once('end', () => (isEnded = true))
    port.end()
    await settle()
    expect(isEnded).toBe(true)
  })

  it('connection.stream that nobody reads does not end before what it has read ahead was read', async () => {
    const { stream, port } = await openStream()
    const ended = once(stream, 'end')
    port.receive('unread')
    port.end()
    await settle()
    expect([stream.readableEnded, stream.readableLength]).toEqual([false, 6])
    expect(String(stream.read())).toBe('unread')
    await ended
  })

  it('connection.stream passes small writes on at once, and has an empty queue after that', async () => {
    const { stream, port } = await openStream()
    const done: string[] = []
    for (const text of ['a', 'b']) stream.write(text, () => done.push(text))
    expect([port.written, stream.writableLength, done]).toEqual([['a', 'b'], 0, []])
    stream.destroy()
    expect(port.calls).toEqual(['start', 'write', 'write', 'destroy'])
    await settle()
    expect(done).toEqual(['a', 'b'])
  })

  it('connection.stream that is destroyed with an error destroys the connection with it, without a reset', async () => {
    const { stream, connection, port } = await openStream()
    const reason = new Error('enough')
    stream.destroy(reason)
    await settle()
    expect([port.count('destroy'), port.count('reset')]).toEqual([1, 0])
    expect(connection.signal.reason).toMatchObject({ cause: reason })
  })

  it.each<[string, (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>]>([
    [
      'in the middle of the input',
      async function* (source) {
        for await (const chunk of source) {
          yield chunk
          throw new Error('oops')
        }
      },
    ],
    [
      'after the end of the input',
      async function* (source) {
        for await (const chunk of source) yield chunk
        throw new Error('oops')
      },
    ],
  ])(
    'connection.stream in a pipeline whose generator throws %s closes the connection, as a socket does',
    async (_, generator) => {
      const { stream, port } = await openStream()
      const piping = pipeline(stream, generator, stream)
      port.receive('half')
      await settle()
      port.end()
      await expect(piping).rejects.toThrow('oops')
      expect(port.calls.slice(-1)).toEqual(['destroy'])
      expect([port.count('reset'), port.count('shutdownWrite')]).toEqual([0, 0])
      port.close()
      await settle()
    },
  )

  it('connection.stream makes its pipeline fail when the connection is closed meanwhile', async () => {
    const { stream, port, connection } = await openStream()
    const same = async function* (source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
      for await (const chunk of source) yield chunk
    }
    const piping = pipeline(stream, same, stream)
    await settle()
    const closing = connection.close()
    port.end()
    port.finish()
    port.close()
    await closing
    await expect(piping).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    expect(stream.destroyed).toBe(true)
  })

  it('connection.stream calls the callback of end() after the connection has closed', async () => {
    const { stream, port, connection } = await openStream()
    stream.resume()
    const closing = connection.close()
    port.end()
    port.finish()
    port.close()
    await closing
    await closed(stream)
    const ended = new Promise((resolve) => void stream.end(resolve))
    expect(await ended).toMatchObject({ code: 'ERR_STREAM_DESTROYED' })
  })

  it('connection.stream that is written to after its end fails, as any stream does', async () => {
    const { stream, port, failures } = await openStream()
    stream.end('bye')
    stream.write('late')
    await closed(stream)
    expect(failures).toMatchObject([{ code: 'ERR_STREAM_WRITE_AFTER_END' }])
    expect(port.isDestroyed).toBe(true)
  })

  it('connection.stream with both sides ended closes the connection, and drops no output', async () => {
    const { stream, port, events } = await openStream()
    stream.resume()
    stream.end()
    port.end()
    await settle()
    expect(port.isDestroyed).toBe(false)
    port.finish()
    await closed(stream)
    port.close()
    expect(story({ events }).at(-1)).toBe('close ended')
  })
})

describe('allowHalfOpen', () => {
  /** The stream of a connection of these callbacks, when all input was read and the peer has ended its side. */
  async function endInput(callbacks: StreamCallbacks, allowHalfOpen?: boolean) {
    const streams: Duplex[] = []
    const { accept } = await serveFake({
      ...callbacks,
      open(connection) {
        streams.push(connection.stream.resume())
        return callbacks.open?.(connection)
      },
    })
    const port = accept()
    const [stream] = streams as [Duplex]
    if (allowHalfOpen !== undefined) stream.allowHalfOpen = allowHalfOpen
    stream.once('end', () => stream.write('last words'))
    port.end()
    await settle()
    return { stream, port }
  }

  it('connection.stream.allowHalfOpen is false at the end of the input if no handler is running: the stream ends after its listeners', async () => {
    const { stream, port } = await endInput({})
    expect([stream.allowHalfOpen, stream.writableEnded]).toEqual([false, true])
    expect(port.written).toEqual(['last words'])
    expect(port.count('shutdownWrite')).toBe(1)
  })

  it('connection.stream.allowHalfOpen is false after an async open has settled', async () => {
    const { port } = await endInput({ open: () => Promise.resolve() })
    expect(port.count('shutdownWrite')).toBe(1)
  })

  it('connection.stream.allowHalfOpen is true while a promise of the handler is pending, and the connection ends with it', async () => {
    const { stream, port, release } = await openStream()
    stream.resume()
    port.end()
    await settle()
    stream.write('answer')
    await settle()
    expect([stream.allowHalfOpen, port.written]).toEqual([true, ['answer']])
    expect(port.count('shutdownWrite')).toBe(0)
    release()
    await settle()
    expect(port.count('shutdownWrite')).toBe(1)
  })

  it('connection.stream.allowHalfOpen is true if the handler has the callback end', async () => {
    const { stream, port } = await endInput({ end() {} })
    expect([stream.allowHalfOpen, port.count('shutdownWrite')]).toEqual([true, 0])
    stream.destroy()
  })

  it('connection.stream.allowHalfOpen does what it was set to, with and without a handler that is running', async () => {
    const open = await endInput({}, true)
    expect(open.port.count('shutdownWrite')).toBe(0)
    open.stream.destroy()
    const ended = await endInput({ open: () => new Promise(() => {}) }, false)
    expect(ended.port.count('shutdownWrite')).toBe(1)
    ended.port.close()
  })
})

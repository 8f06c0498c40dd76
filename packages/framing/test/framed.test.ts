import { describe, expect, it } from '@jest/globals'
import type { Channel, Connection } from '@sock/core'
import { connectTcp, createTcpServer, type TcpServer } from '@sock/tcp'
import { rejection } from '@sock/test-support/wait'
import {
  framed,
  frames,
  lengthPrefixed,
  lines,
  type Codec,
  type FrameCallbacks,
  type FrameFunction,
} from '../src/index.js'

async function started(
  server: TcpServer,
): Promise<{ server: TcpServer; errors: Error[]; connect: () => ReturnType<typeof connectTcp> }> {
  const errors: Error[] = []
  server.on('error', (error) => errors.push(error))
  const address = await server.listen('127.0.0.1:0')
  return { server, errors, connect: () => connectTcp(address) }
}

const reading: FrameFunction<string, string | Uint8Array> = async (peer) => {
  for await (const line of peer) await peer.write(line)
}

describe('framed', () => {
  it('framed: message that returns a promise holds back the frames behind it, and then end', async () => {
    const events: string[] = []
    let release = (): void => undefined
    const { server, connect } = await started(
      createTcpServer(
        framed(lines(), {
          async message(_peer, line) {
            events.push(line)
            if (line === 'wait') await new Promise<void>((resolve) => (release = resolve))
          },
          async end(peer) {
            events.push('end')
            await peer.close()
          },
          close: () => void events.push('close'),
        }),
      ),
    )
    const client = await connect()
    const ended = new Promise<void>((resolve) =>
      server.on('connection', ({ state }) => state === 'closeRead' && resolve()),
    )
    await client.write('wait\nnext\nlast')
    await client.closeWrite()
    await ended
    expect(events).toEqual(['wait'])
    release()
    expect(await client.read()).toBeNull()
    await server.close()
    expect(events).toEqual(['wait', 'next', 'last', 'end', 'close'])
  })

  it('framed: frames behind one that closes the peer are dropped', async () => {
    const seen: string[] = []
    const handler = framed(lines(), {
      async message(peer, line) {
        seen.push(line)
        await peer.close()
      },
    })
    const { server, connect } = await started(createTcpServer(handler))
    const client = await connect()
    await client.write('quit\nmore\nmore\n')
    expect(await client.read()).toBeNull()
    await server.close()
    expect(seen).toEqual(['quit'])
  })

  it('framed: a connection without an end callback is flushed and closed after the last frame', async () => {
    const handler = framed(lines(), { message: (peer, line) => void peer.write(line) })
    const { server, connect } = await started(createTcpServer(handler))
    const peer = frames(await connect(), lines())
    await peer.write('one')
    await peer.channel.closeWrite()
    expect([await peer.read(), await peer.read()]).toEqual(['one', null])
    await server.close()
  })

  it('framed: data belongs to the program, and is that of the channel', async () => {
    const handler = framed(lines(), {
      open: (peer) => void (peer.data = { count: 0 }),
      message(peer) {
        const session = peer.channel.data as { count: number }
        session.count += 1
        return peer.write(`${session.count}`)
      },
    })
    const { server, connect } = await started(createTcpServer(handler))
    const peer = frames(await connect(), lines())
    await peer.channel.write('a\nb\n')
    expect([await peer.read(), await peer.read()]).toEqual(['1', '2'])
    await peer.close()
    await server.close()
  })

  it.each([
    ['a function', framed(lines(), reading)],
    ['callbacks', framed(lines(), { message: (peer, line) => peer.write(line) })],
  ])('framed: a shutdown ends idle peers, and waits for one with half a frame (%s)', async (_, handler) => {
    const { server, connect } = await started(createTcpServer(handler, { drainIdle: 20 }))
    const [idle, half] = [frames(await connect(), lines()), frames(await connect(), lines())]
    await idle.write('hello')
    await half.channel.write('hello\nhalf')
    expect([await idle.read(), await half.read()]).toEqual(['hello', 'hello'])
    const shutdown = server.shutdown({ timeout: 600_000 })
    // Ended as idle. Half a line has been as quiet for as long.
    expect(await idle.read()).toBeNull()
    await half.channel.write(' a line\n')
    expect([await half.read(), await half.read()]).toEqual(['half a line', null])
    expect(await shutdown).toMatchObject({ forced: 0 })
  })

  it.each([
    ['a function', framed(lines({ maxBytes: 10 }), reading)],
    ['callbacks', framed(lines({ maxBytes: 10 }), { message: (peer, line) => peer.write(line) })],
  ])(
    'framed: a frame that is too large is reported once and resets its connection (%s)',
    async (_, handler) => {
      const { server, connect, errors } = await started(createTcpServer(handler))
      const client = await connect()
      await client.write('x'.repeat(12))
      await expect(client.read()).rejects.toMatchObject({ code: 'ERR_SOCK_RESET' })
      await server.close()
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SOCK_FRAME_TOO_LARGE' })])
    },
  )

  it.each([
    [
      'a function',
      (options: object) => framed(lengthPrefixed(), async (peer) => void (await peer.read()), options),
    ],
    ['callbacks', (options: object) => framed(lengthPrefixed(), { message: () => undefined }, options)],
  ])(
    'framed: a frame that is not whole after frameTimeout is reported and resets its connection (%s)',
    async (_, make) => {
      const { server, connect, errors } = await started(createTcpServer(make({ frameTimeout: 50 })))
      const client = await connect()
      await client.write(Buffer.from([0, 0, 0, 9, 1]))
      await expect(client.read()).rejects.toMatchObject({ code: 'ERR_SOCK_RESET' })
      await server.close()
      expect(errors).toEqual([
        expect.objectContaining({ code: 'ERR_SOCK_FRAME_INCOMPLETE', partial: Buffer.from([0, 0, 0, 9, 1]) }),
      ])
    },
  )

  it('framed: frameTimeout does not count time without a frame, nor time in which the handler is busy', async () => {
    const handler = framed(
      lines(),
      async (peer) => {
        for await (const line of peer) {
          await new Promise((resolve) => setTimeout(resolve, 60))
          await peer.write(line)
        }
      },
      { frameTimeout: 30 },
    )
    const { server, connect, errors } = await started(createTcpServer(handler))
    const peer = frames(await connect(), lines())
    await peer.channel.write('one\ntwo\n')
    expect([await peer.read(), await peer.read()]).toEqual(['one', 'two'])
    await peer.write('three')
    expect(await peer.read()).toBe('three')
    await peer.close()
    await server.close()
    expect(errors).toEqual([])
  })

  it('framed: skipped goes on counting after the rest of a datagram was dropped, or a frame was wrong', () => {
    const seen: [string, number][] = []
    const callbacks = framed(lines({ maxBytes: 3, tooLong: 'skip' }), {
      message(peer, line) {
        seen.push([line, peer.skipped])
        if (line === 'a') void peer.close()
      },
    })
    const channel = {
      isOpen: true,
      read() {},
      receive() {},
      close: async () => undefined,
    } as unknown as Channel
    void callbacks.open(channel)
    const receive = (text: string, isCut: boolean): unknown =>
      callbacks.data(channel, Buffer.from(text), undefined, isCut)
    receive('too long\na\nno\n', false)
    expect(() => receive('too long\nb\ncut', true)).toThrow('Frame is incomplete')
    receive('c\n', false)
    expect(seen).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 2],
    ])
  })

  /** Calls of callbacks for frames over a channel that is no connection. */
  function fake<In>(codec: Codec<In, never>, handler: FrameCallbacks<In, never>): (text: string) => unknown {
    const callbacks = framed(codec, handler)
    const channel = { isOpen: true, read() {} } as unknown as Channel
    void callbacks.open(channel)
    return (text) => callbacks.data(channel, Buffer.from(text))
  }

  // oxlint-disable-next-line unicorn/no-thenable -- this is none
  it.each([[null], [0], [false], [{}], ['text'], [() => {}], [{ then: 5 }]])(
    'framed: message that returns %p gets the next frame, since that is no promise',
    (value) => {
      const seen: string[] = []
      const receive = fake(lines(), {
        message(_, line) {
          seen.push(line)
          return value as never
        },
      })
      expect(receive('a\nb\nc\n')).toBeUndefined()
      expect(seen).toEqual(['a', 'b', 'c'])
    },
  )

  it('framed: message may return any thenable', async () => {
    const seen: string[] = []
    const receive = fake(lines(), {
      message(_, line) {
        seen.push(line)
        // oxlint-disable-next-line unicorn/no-thenable -- some libraries have promises of their own
        return { then: (resolve: () => void) => void setImmediate(resolve) } as never
      },
    })
    const delivered = receive('a\nb\n')
    expect(seen).toEqual(['a'])
    await delivered
    expect(seen).toEqual(['a', 'b'])
  })

  it.each(['peer.close', 'channel.close', 'channel.closeRead', 'channel.destroy'] as const)(
    'framed: message gets no frame after %s()',
    async (how) => {
      const seen: string[] = []
      const handler = framed(lines(), {
        message(peer, line) {
          seen.push(line)
          const connection = peer.channel as Connection
          if (how === 'channel.closeRead') {
            connection.closeRead()
            void connection.closeWrite()
          } else if (how === 'channel.destroy') connection.destroy()
          else if (how === 'channel.close') void connection.close()
          else void peer.close()
        },
        close: () => void seen.push('close'),
      })
      const { server, connect } = await started(createTcpServer(handler))
      const client = await connect()
      await client.write('one\ntwo\nthree\n')
      expect(await client.read()).toBeNull()
      await client.close()
      await server.shutdown()
      expect(seen).toEqual(['one', 'close'])
    },
  )

  it('framed: busy of the connection belongs to the program', async () => {
    const seen: boolean[] = []
    const handler = framed(lines(), {
      message(peer, line) {
        const connection = peer.channel as Connection
        if (line === 'job') connection.busy = true
        seen.push(connection.busy)
        return peer.write(line)
      },
    })
    const { server, connect } = await started(createTcpServer(handler))
    const client = await connect()
    const peer = frames(client, lines())
    await client.write('job\nno')
    expect(await peer.read()).toBe('job')
    await client.write('te\n')
    expect(await peer.read()).toBe('note')
    await peer.close()
    await server.close()
    expect(seen).toEqual([true, true])
  })

  it.each([
    ['a function', (codec: Codec<string>) => framed(codec, async (peer) => void (await peer.read()))],
    ['callbacks', (codec: Codec<string>) => framed(codec, { message() {} })],
  ])('framed: a decoder() that throws is reported once, and resets the connection (%s)', async (_, make) => {
    const failure = new Error('no decoder')
    const codec: Codec<string> = {
      decoder() {
        throw failure
      },
      encode: () => [],
    }
    const { server, connect, errors } = await started(createTcpServer(make(codec)))
    // The reset may arrive before the connection is made.
    await rejection(connect().then((client) => client.read()))
    await server.shutdown()
    expect(errors).toEqual([failure])
  })

  it.each([
    ['a function', (codec: Codec<string>) => framed(codec, async (peer) => void (await peer.read()))],
    ['callbacks', (codec: Codec<string>) => framed(codec, { message() {} })],
  ])('framed: a connection has one decoder, also after its close (%s)', async (_, make) => {
    let made = 0
    const codec: Codec<string> = {
      encode: () => [],
      decoder() {
        made += 1
        return lines().decoder()
      },
    }
    const { server, connect } = await started(createTcpServer(make(codec)))
    const client = await connect()
    await client.write('one\n')
    await client.close()
    await server.shutdown()
    expect(made).toBe(1)
  })

  it('framed: a decoder that does not advance is reported once, and resets the connection', async () => {
    const codec: Codec<string> = {
      decoder: () => ({ push: (_chunk, _emit, from) => from, end() {} }),
      encode: () => [],
    }
    const { server, connect, errors } = await started(createTcpServer(framed(codec, { message() {} })))
    const client = await connect()
    await client.write('x')
    await expect(client.read()).rejects.toMatchObject({ code: 'ERR_SOCK_RESET' })
    await server.shutdown()
    expect(errors).toEqual([expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })])
  })

  it.each([
    [undefined, reading, undefined, 'Invalid "codec": expected an object with decoder() and encode()'],
    [
      lines(),
      undefined,
      undefined,
      'Invalid "handler": expected a function or an object with callbacks (open, message, end, drain, close)',
    ],
    [lines(), {}, undefined, 'Invalid "handler"'],
    [lines(), { open() {} }, undefined, 'expected a function or an object with a callback "message"'],
    [lines(), { message() {}, mesage() {} }, undefined, 'Unknown callback "mesage" in handler'],
    [lines(), { message() {}, end: 5 }, undefined, 'Invalid "handler.end": expected a function, got 5'],
    [lines(), reading, { frameTimeout: 0 }, 'Invalid "frameTimeout"'],
    [lines(), reading, { timeout: 1 }, 'Unknown option "timeout" in framed() options'],
  ])('framed refuses arguments that make no sense: %#', (codec, handler, options, message) => {
    expect(() => framed(codec as never, handler as never, options as never)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
        code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF_RANGE)/),
      }),
    )
  })
})

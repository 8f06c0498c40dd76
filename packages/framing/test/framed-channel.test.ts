import { describe, expect, it } from '@jest/globals'
import {
  isSockError,
  type Connection,
  type ConnectionEvent,
  type ReadOptions,
  type StreamFunction,
} from '@sock/core'
import { connectTcp, createTcpServer, type TcpServer } from '@sock/tcp'
import { connectUdp, createUdpServer } from '@sock/udp'
import { rejection } from '@sock/test-support/wait'
import { frames, json, lengthPrefixed, lines, type Codec, type FramedChannel } from '../src/index.js'

async function connected<In, Out>(
  serve: StreamFunction,
  codec: Codec<In, Out>,
  act: (peer: FramedChannel<In, Out>, server: TcpServer) => Promise<void>,
): Promise<void> {
  const server = createTcpServer(serve)
  server.on('error', () => undefined)
  const peer = frames(await connectTcp(await server.listen('127.0.0.1:0')), codec)
  try {
    await act(peer, server)
  } finally {
    await peer.close().catch(() => undefined)
    await server.close()
  }
}

const saying =
  (text: string): StreamFunction =>
  async (connection) => {
    await connection.write(text)
    await connection.read()
  }

describe('FramedChannel', () => {
  it('FramedChannel: read() gives up after its timeout, and loses nothing', () =>
    connected(saying('half'), lines(), async (peer) => {
      await expect(peer.read({ timeout: 20 })).rejects.toMatchObject({ code: 'ERR_SOCK_READ_TIMEOUT' })
      await peer.channel.write('go on')
      expect(await peer.read()).toBe('half')
    }))

  it('FramedChannel: write() rejects on datagrams, too, for what is not bytes', async () => {
    const server = createUdpServer(() => undefined)
    const codec = { ...lines(), encode: (message: never) => [message] }
    const peer = frames(await connectUdp(await server.listen('127.0.0.1:0')), codec)
    try {
      expect(await rejection(peer.write(5 as never))).toMatchObject({ name: 'TypeError' })
    } finally {
      await peer.close()
      await server.close()
    }
  })

  it('FramedChannel: write() sends nothing of a frame of which one part is no bytes', () => {
    const codec = { ...lines(), encode: (parts: Uint8Array[]) => parts }
    const echo: StreamFunction = async (connection) => {
      for await (const chunk of connection) await connection.write(chunk)
    }
    return connected(echo, codec, async (peer) => {
      const wrong = [Buffer.from('half of '), 'a frame' as never]
      expect(await rejection(peer.write(wrong))).toMatchObject({ name: 'TypeError' })
      await peer.write([Buffer.from('a whole '), Buffer.from('frame\n')])
      expect(await peer.read()).toBe('a whole frame')
    })
  })

  it('FramedChannel: read() is one at a time', () =>
    connected(saying(''), lines(), async (peer) => {
      const first = peer.read()
      await expect(peer.read()).rejects.toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
      await peer.channel.write('go on')
      expect(await first).toBeNull()
    }))

  it('FramedChannel: a frame that is wrong rejects read() and ends the connection', () =>
    connected(saying('\x02ok\xff'), lengthPrefixed({ bytes: 1, maxBytes: 100 }), async (peer) => {
      expect(String(await peer.read())).toBe('ok')
      await expect(peer.read()).rejects.toMatchObject({ code: 'ERR_SOCK_FRAME_TOO_LARGE' })
      expect(peer.channel.isOpen).toBe(false)
      // As on the connection itself, every later read fails as well.
      await expect(peer.read()).rejects.toMatchObject({ code: 'ERR_SOCK_FRAME_TOO_LARGE' })
    }))

  it('FramedChannel: write() rejects for a message that the codec refuses, and goes on', () =>
    connected(
      async (connection) => connection.write((await connection.read()) ?? ''),
      lines(),
      async (peer) => {
        await expect(peer.write('a\nb')).rejects.toMatchObject({ code: 'ERR_SOCK_FRAME_MALFORMED' })
        await peer.write('ab')
        expect(await peer.read()).toBe('ab')
      },
    ))

  it('FramedChannel: leaving a loop early stops reading, and not writing', () =>
    connected(
      async (connection) => {
        await connection.write('one\ntwo\n')
        for await (const chunk of connection) expect(String(chunk)).toBe('bye\n')
      },
      lines(),
      async (peer) => {
        for await (const line of peer) {
          expect(line).toBe('one')
          break
        }
        expect(await peer.read()).toBeNull()
        await peer.write('bye')
      },
    ))

  it("FramedChannel: a decoder of one's own that knows neither stopping nor sizes works", () => {
    const words: Codec<string, string> = {
      decoder: () => {
        let rest = ''
        return {
          push(chunk, emit) {
            const parts = (rest + chunk.toString()).split(' ')
            rest = parts.pop() as string
            for (const part of parts) emit(part)
          },
          end(emit) {
            if (rest !== '') emit(rest)
          },
        }
      },
      encode: (word) => Buffer.from(`${word} `),
    }
    return connected(saying('one two three '), words, async (peer) => {
      expect([await peer.read(), await peer.read(), await peer.read()]).toEqual(['one', 'two', 'three'])
      await peer.write('bye')
    })
  })

  it('frames refuses what is no channel, codec or option', async () => {
    expect(() => frames({} as never, lines())).toThrow('Invalid "channel"')
    await connected(saying(''), lines(), async (peer) => {
      expect(() => frames(peer.channel, {} as never)).toThrow('Invalid "codec"')
      expect(() => frames(peer.channel, lines(), { frameTimeout: -1 })).toThrow('Invalid "frameTimeout"')
      await peer.channel.write('bye')
    })
  })

  it('FramedChannel: errors of frames are SockErrors', () =>
    connected(saying('\x05'), lengthPrefixed({ bytes: 1 }), async (peer) => {
      const reading = peer.read()
      await peer.channel.write('bye')
      const error: unknown = await reading.catch((caught: unknown) => caught)
      expect(isSockError(error, 'ERR_SOCK_FRAME_INCOMPLETE')).toBe(true)
    }))

  it.each([
    ['close', null],
    ['closeRead', null],
    ['destroy', 'ERR_SOCK_CLOSED'],
  ] as const)(
    'FramedChannel: after %s() of the channel, read() gives no frame that was decoded before',
    (end, given) =>
      connected(saying('one\ntwo\nthree\nfo'), lines(), async (peer) => {
        expect(await peer.read()).toBe('one')
        void (peer.channel as Connection)[end]()
        for (let reads = 0; reads < 2; reads++) {
          expect(await peer.read().catch(({ code }) => code as string)).toBe(given)
        }
      }),
  )

  it('FramedChannel: destroy() after the end of the peer does not turn frames that were not read into the end', async () => {
    const server = createTcpServer((connection) => connection.write('one\ntwo\n'))
    let ended!: () => void
    const end = new Promise<void>((resolve) => (ended = resolve))
    const onState = ({ state }: ConnectionEvent): void => void (state === 'closeRead' && ended())
    const connection = await connectTcp(await server.listen('127.0.0.1:0'), { onState })
    const peer = frames(connection, lines())
    expect(await peer.read()).toBe('one')
    await end
    connection.destroy()
    await expect(peer.read()).rejects.toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    await server.close()
  })

  it('FramedChannel: read() refuses the options that read() of the channel refuses, also if a frame waits', () =>
    connected(saying('one\ntwo\n'), lines(), async (peer) => {
      expect(await peer.read()).toBe('one')
      for (const options of [
        { timeout: -5 },
        { timeout: '50' },
        { timeout: null },
        { timeout: 1.5 },
        { timeOut: 5 },
        { signal: 5 },
      ] as unknown as ReadOptions[]) {
        const error = await rejection(peer.read(options))
        expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF_RANGE)/) })
        expect(error.message).toBe((await rejection(peer.channel.read(options))).message)
      }
      await expect(peer.read({ signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
      expect(await peer.read({ timeout: 0 })).toBe('two')
    }))

  it('FramedChannel: read() rejects a frame that is null instead of giving the end; a loop gives it', async () => {
    await connected(saying('1\nnull\n2\n'), json(), async (peer) => {
      expect(await peer.read()).toBe(1)
      for (let reads = 0; reads < 2; reads++) {
        await expect(peer.read()).rejects.toMatchObject({
          code: 'ERR_SOCK_FRAME_MALFORMED',
          message: expect.stringContaining('Frame is null'),
        })
      }
    })
    await connected(saying('null\n2\n'), json(), async (peer) => {
      const values: unknown[] = []
      for await (const value of peer) if (values.push(value) === 2) break
      expect(values).toEqual([null, 2])
    })
  })

  it('FramedChannel: a read whose signal aborts rejects with its reason, whatever that is', () =>
    connected(saying(''), lines(), async (peer) => {
      const controller = new AbortController()
      const reading = peer.read({ signal: controller.signal })
      controller.abort('enough')
      await expect(reading).rejects.toBe('enough')
    }))

  it('FramedChannel: write() of a message that the codec refuses is no unhandled rejection', () =>
    connected(saying(''), lines(), async (peer) => {
      const unhandled: unknown[] = []
      const note = (error: unknown): void => void unhandled.push(error)
      process.on('unhandledRejection', note)
      try {
        void peer.write('a\nb')
        await new Promise(setImmediate)
        await new Promise(setImmediate)
        expect(unhandled).toEqual([])
      } finally {
        process.off('unhandledRejection', note)
      }
    }))
})

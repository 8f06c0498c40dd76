import { describe, expect, it } from '@jest/globals'
import { isSockError, type StreamFunction } from '@sock/core'
import { connectTcp, createTcpServer, type TcpServer } from '@sock/tcp'
import { frames, lengthPrefixed, lines, type Codec, type FramedChannel } from '../src/index.js'

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
      expect(await peer.read()).toBeNull()
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
})

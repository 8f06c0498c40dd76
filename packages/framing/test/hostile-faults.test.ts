import { createHook } from 'node:async_hooks'
import { describe, expect, it, jest } from '@jest/globals'
import type { Channel } from '@sock/core'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { until } from '@sock/test-support/wait'
import {
  delimited,
  fixed,
  framed,
  lengthPrefixed,
  lines,
  netstrings,
  octetCounted,
  reader,
  type Codec,
} from '../src/index.js'
import { FrameInput } from '../src/lib/frame-input.js'
import { CODES, decode } from './support/decoding.js'
import { createRandom, SEED } from './support/random.js'

const LINES = 65_536
const FRAMES = 1_048_576

/** A channel that has received these chunks. */
function received(chunks: Iterable<Buffer>): Channel {
  const source = chunks[Symbol.iterator]()
  return { read: async () => (source.next().value as Buffer | undefined) ?? null } as unknown as Channel
}

/** Counts the bytes in which `act` looks for a delimiter. */
async function searched(act: () => unknown): Promise<number> {
  let count = 0
  const { indexOf } = Buffer.prototype
  const spy = jest.spyOn(Buffer.prototype, 'indexOf').mockImplementation(function (
    this: Buffer,
    ...args: unknown[]
  ) {
    count += this.length - Number(args[1] ?? 0)
    return indexOf.apply(this, args)
  })
  try {
    await act()
    return count
  } finally {
    spy.mockRestore()
  }
}

describe('limits', () => {
  it.each<[string, Codec<unknown>, number, (size: number) => Buffer]>([
    ['lines', lines(), LINES, (size) => Buffer.alloc(size, 'x')],
    ['delimited', delimited('\0'), LINES, (size) => Buffer.alloc(size, 'x')],
    ['lengthPrefixed', lengthPrefixed(), FRAMES, (size) => Buffer.from([0, size >> 16, size >> 8, size])],
    ['netstrings', netstrings(), FRAMES, (size) => Buffer.from(`${size}:`)],
    ['octetCounted', octetCounted(), FRAMES, (size) => Buffer.from(`${size} `)],
  ])('%s: the default of maxBytes stops a frame before it has arrived', (_, codec, limit, beginning) => {
    expect(decode(codec, [beginning(limit)]).code).not.toBe('ERR_SOCK_FRAME_TOO_LARGE')
    expect(decode(codec, [beginning(limit + 1)])).toEqual({ frames: [], code: 'ERR_SOCK_FRAME_TOO_LARGE' })
  })

  it.each<[string, Codec<unknown>]>([
    ['lines', lines({ maxBytes: 1_000 })],
    ['delimited', delimited('ab', { maxBytes: 1_000 })],
  ])('%s: an error that a frame is too large names the limit, and both sizes', (_, codec) => {
    const push = (): unknown => codec.decoder().push(Buffer.alloc(1_234, 'x'), () => true, 0)
    expect(push).toThrow('Frame is too large: 1234 bytes, and maxBytes is 1000')
  })

  it.each<[string, Codec<unknown>]>([
    ['lines', lines()],
    ['delimited by one byte', delimited('\0')],
    ['delimited by several bytes', delimited('\r\n.\r\n')],
    ['lines that are skipped', lines({ maxBytes: 100, tooLong: 'skip' })],
  ])('%s: a frame that arrives byte by byte is searched once', async (_, codec) => {
    const decoder = codec.decoder()
    const bytes = Array.from({ length: 20_000 }, () => Buffer.from('\r'))
    const count = await searched(() => {
      for (const byte of bytes) decoder.push(byte, () => true, 0)
    })
    expect(count).toBeGreaterThanOrEqual(bytes.length)
    // Once, and where chunks meet each byte of the delimiter again.
    expect(count).toBeLessThan(12 * bytes.length)
  })

  it('reader: a line that arrives byte by byte is searched once', async () => {
    const bytes = Array.from({ length: 20_000 }, () => Buffer.from('x'))
    const { readLine } = reader(received(bytes))
    const count = await searched(async () => expect(await readLine()).toHaveLength(bytes.length))
    expect(count).toBeLessThan(2 * bytes.length)
  })

  it('FrameInput: of a chunk with 65,536 empty lines only a few are decoded ahead', () => {
    let emitted = 0
    const codec: Codec<string, string> = {
      ...(lines() as Codec<string, string>),
      decoder() {
        const decoder = lines().decoder()
        return {
          push: (chunk, emit, from) => decoder.push(chunk, (frame) => ((emitted += 1), emit(frame)), from),
          end: (emit) => decoder.end(emit),
        }
      },
    }
    const input = new FrameInput(codec)
    input.push(Buffer.alloc(65_536, '\n'))
    expect(input.next()).toBe('')
    expect(emitted).toBeLessThanOrEqual(64)
  })

  it.each<[string, Codec<Buffer, never>, Buffer]>([
    ['lines', lines({ encoding: 'buffer' }), Buffer.from('line\n')],
    ['delimited', delimited('\0'), Buffer.from('text\0')],
    ['lengthPrefixed', lengthPrefixed({ bytes: 'varint' }), Buffer.from([1, 7])],
    ['netstrings', netstrings(), Buffer.from('2:ab,')],
    ['octetCounted', octetCounted(), Buffer.from('2 ab')],
    ['fixed', fixed(3), Buffer.from('abc')],
  ])('%s: a frame that lies in one chunk is not copied', (_, codec, chunk) => {
    const [frame] = (() => {
      const frames: Buffer[] = []
      codec.decoder().push(chunk, (one) => frames.push(one) > 0, 0)
      return frames
    })()
    expect(frame?.buffer).toBe(chunk.buffer)
    expect(frame?.length).toBeGreaterThan(0)
  })
})

describe('framed', () => {
  /** Counts the promises that are made while the callback gets the lines of a chunk. */
  function countPromises(
    text: string,
    message: (peer: unknown, line: string) => void | Promise<void>,
  ): number {
    const callbacks = framed(lines(), { message })
    const channel = { read() {} } as unknown as Channel
    void callbacks.open(channel)
    let promises = 0
    const hook = createHook({ init: (_id, type) => void (promises += type === 'PROMISE' ? 1 : 0) }).enable()
    try {
      void callbacks.data(channel, Buffer.from(text))
      return promises
    } finally {
      hook.disable()
    }
  }

  it('framed: a chunk with a thousand lines makes no promise on the callback path', () => {
    const seen: string[] = []
    const text = 'a line\n'.repeat(1_000)
    expect(countPromises(text, (_peer, line) => void seen.push(line))).toBe(0)
    expect(seen).toHaveLength(1_000)
    // Promises are seen: these are those of the callback, and of what waits for it.
    expect(countPromises(text, async () => undefined)).toBeGreaterThan(0)
  })

  it('framed: a datagram that was cut on its way is an error, and its last frame is not given', () => {
    const seen: string[] = []
    const callbacks = framed(lines(), { message: (_peer, line) => void seen.push(line) })
    const channel = { isOpen: true, read() {}, receive() {} } as unknown as Channel
    void callbacks.open(channel)
    const receive = (text: string, isCut: boolean): unknown =>
      callbacks.data(channel, Buffer.from(text), undefined, isCut)
    expect(() => receive('one\ntw', true)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCK_FRAME_INCOMPLETE', partial: Buffer.from('tw') }),
    )
    receive('three', false)
    expect(seen).toEqual(['one', 'three'])
  })

  it('framed: frameTimeout limits a frame of which a byte arrives again and again', async () => {
    const errors: Error[] = []
    const handler = framed(lengthPrefixed(), { message() {} }, { frameTimeout: 100 })
    const server = createTcpServer(handler, { idleTimeout: 60_000 })
    server.on('error', (error) => errors.push(error))
    const client = await connectTcp(await server.listen('127.0.0.1:0'))
    await client.write(Buffer.from([0, 15, 0, 0]))
    // Until it is reset.
    const trickle = async (): Promise<void> => {
      for (;;) {
        await client.write('x')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    await expect(trickle()).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_SOCK_/) })
    await server.close()
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SOCK_FRAME_INCOMPLETE' })])
    expect(server.stats()).toMatchObject({ idleClosed: 0 })
  })

  it.each(['a function', 'callbacks'])(
    'framed: a peer whose frames are not read is stopped (%s)',
    async (form) => {
      let release = (): void => undefined
      const held = new Promise<void>((resolve) => (release = resolve))
      let count = 0
      const take = async (): Promise<void> => {
        count += 1
        if (count === 1) await held
      }
      const codec = lengthPrefixed()
      const handler =
        form === 'callbacks'
          ? framed(codec, { message: take })
          : framed(codec, async (peer) => {
              for await (const _ of peer) await take()
            })
      const server = createTcpServer(handler, { highWaterMark: 16_384 })
      const client = await connectTcp(await server.listen('127.0.0.1:0'))
      const frame = codec.encode(Buffer.alloc(1_000)) as Buffer
      const sent = client.write(Buffer.concat(Array.from({ length: 32_000 }, () => frame)))
      let before = -1
      let same = 0
      // When the kernel takes no more bytes from the client, the server has read what it wants.
      await until(() => {
        const { bytesWritten } = client
        same = bytesWritten === before && count === 1 ? same + 1 : 0
        before = bytesWritten
        return same === 50
      }, 'the client is stopped')
      expect(server.stats().bytesRead).toBeLessThan(1_000_000)
      release()
      await sent
      await client.close()
      await server.shutdown()
      expect(count).toBe(32_000)
    },
  )

  it(`framed: a million random bytes over many connections, from seed ${SEED}, give only the three errors`, async () => {
    const random = createRandom(SEED)
    const errors: Error[] = []
    const codec = lengthPrefixed({ bytes: 2, maxBytes: 1_000 })
    const server = createTcpServer(framed(codec, { message: (peer, frame) => peer.write(frame) }))
    server.on('error', (error) => errors.push(error))
    const address = await server.listen('127.0.0.1:0')
    const messages = codec.encode('hello') as Buffer
    let bytesSent = 0
    for (; bytesSent < 1_000_000;) {
      const client = await connectTcp(address)
      const bytes = Buffer.concat(Array.from({ length: 200 }, () => random.hostileChunk(messages)))
      bytesSent += bytes.length
      // Both fail when the server resets the connection.
      await client.write(bytes).catch(() => undefined)
      await client.close().catch(() => undefined)
    }
    await server.shutdown()
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(CODES).toContain((error as { code?: string }).code)
    expect(server.stats().accepted).toBeGreaterThan(10)
  })

  it(`reader: a million random bytes, from seed ${SEED}, give only the three errors`, async () => {
    const random = createRandom(SEED)
    const messages = Buffer.from('a line\r\n5\r\nhello\r\n')
    function* chunks(): Generator<Buffer> {
      for (let bytesSent = 0; bytesSent < 1_000_000;) {
        const chunk = random.hostileChunk(messages)
        bytesSent += chunk.length
        yield chunk
      }
    }
    const input = reader(received(chunks()), { maxBytes: 300 })
    const failed = { readExactly: 0, readUntil: 0, readLine: 0 }
    for (let isOver = false; !isOver;) {
      const kind = (['readExactly', 'readUntil', 'readLine'] as const)[random.below(3)] as keyof typeof failed
      try {
        if (kind === 'readExactly') await input.readExactly(random.below(400))
        else if (kind === 'readUntil') await input.readUntil('aab')
        else isOver = (await input.readLine()) === null
      } catch (error) {
        expect(CODES).toContain((error as { code?: string }).code)
        failed[kind] += 1
        // What is too long stays, and a program ends the connection there.
        await input.readExactly(300).catch(() => (isOver = true))
      }
    }
    expect(Math.min(failed.readExactly, failed.readUntil)).toBeGreaterThan(0)
  })
})

import { afterEach, describe, expect, it } from '@jest/globals'
import type { Channel } from '@sock/core'
import { connectTcp, createTcpServer, type TcpConnection } from '@sock/tcp'
import { until } from '@sock/test-support/wait'
import { delimited, framed, frames, lines, type Codec } from '../src/index.js'
import { NOTHING } from '../src/lib/frame-input.js'
import { withCodec, type CodecChannel } from '../src/lib/framed-channel.js'

/** In ms. No timer passes by itself in this time: the tests check as the sweep does. */
const LIMIT = 800_000
const STEP = LIMIT / 8

type Lines = CodecChannel<string, string | Uint8Array>

/** Everything that had arrived has been read. */
function checkAt(peer: Lines, time: number): number {
  return peer.timer?.check(time, time) ?? Infinity
}

/** Lets this much time pass for the peer, with a check in each part of it. */
function pass(peer: Lines, time: number): void {
  const from = performance.now()
  for (let passed = STEP; passed <= time; passed += STEP) checkAt(peer, from + passed)
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** Frames on a channel that does nothing, and the errors that it is destroyed with. */
function quiet(codec: Codec<string, string | Uint8Array> = lines()): { peer: Lines; errors: unknown[] } {
  const errors: unknown[] = []
  const channel = { read() {}, destroy: (error: unknown) => void errors.push(error) } as unknown as Channel
  return { peer: withCodec('options', codec, { frameTimeout: LIMIT })(channel), errors }
}

/** A client with frames, and the connection of its server. */
async function connected(): Promise<{ peer: Lines; other: TcpConnection }> {
  let other!: TcpConnection
  const server = createTcpServer({ open: (connection) => void (other = connection) })
  const connection = await connectTcp(await server.listen('127.0.0.1:0'))
  closing.push(
    () => server.close(),
    () => connection.destroy(),
  )
  await until(() => (other as unknown) !== undefined, 'the server has the connection')
  return { peer: frames(connection, lines(), { frameTimeout: LIMIT }) as unknown as Lines, other }
}

/** Sends a part of a frame, which the peer reads. */
async function sendPart({ peer, other }: { peer: Lines; other: TcpConnection }): Promise<void> {
  await other.write('hel')
  await arrived(peer.channel, 3)
  await expect(peer.read({ timeout: 0 })).rejects.toMatchObject({ code: 'ERR_SOCK_READ_TIMEOUT' })
}

function arrived(channel: Channel, size: number): Promise<void> {
  return until(() => (channel as TcpConnection).bytesRead === size, `${size} bytes have arrived`)
}

const bytes = (text: string): Buffer => Buffer.from(text)
const LATE = { code: 'ERR_SOCK_FRAME_INCOMPLETE', message: expect.stringContaining('(frameTimeout)') }

describe('frameTimeout', () => {
  it('frameTimeout: a frame is late when its time has passed, however often a byte arrives', () => {
    const { peer, errors } = quiet()
    const from = performance.now()
    for (let part = 1; part < 8; part++) {
      peer.push(bytes('x'))
      expect(peer.next()).toBe(NOTHING)
      checkAt(peer, from + part * STEP)
    }
    expect(errors).toEqual([])
    checkAt(peer, performance.now() + LIMIT)
    expect(errors).toEqual([expect.objectContaining({ ...LATE, partial: bytes('xxxxxxx') })])
  })

  it('frameTimeout: the time in which the event loop is blocked does not count', () => {
    const { peer, errors } = quiet()
    peer.push(bytes('hel'))
    peer.next()
    checkAt(peer, performance.now() + 100 * LIMIT)
    peer.push(bytes('lo\n'))
    expect([peer.next(), errors]).toEqual(['hello', []])
  })

  it('frameTimeout: what has arrived since the last read does not count as late', () => {
    const { peer, errors } = quiet()
    peer.push(bytes('hel'))
    peer.next()
    const from = performance.now()
    pass(peer, LIMIT - STEP)
    // It arrives in time, and waits to be read.
    peer.timer?.check(from + 2 * LIMIT, from + LIMIT - STEP)
    expect(errors).toEqual([])
    checkAt(peer, from + LIMIT + STEP)
    expect(errors).toEqual([expect.objectContaining(LATE)])
  })

  it('frameTimeout: does not pass while a handler works on a whole frame, also with a part of the next one', () => {
    const { peer, errors } = quiet()
    peer.push(bytes('hel'))
    expect(peer.next()).toBe(NOTHING)
    peer.push(bytes('lo\nwor'))
    expect(peer.next()).toBe('hello')
    pass(peer, 2 * LIMIT)
    expect(errors).toEqual([])
    // The handler is ready for the next one: its time begins.
    expect(peer.next()).toBe(NOTHING)
    pass(peer, 2 * LIMIT)
    expect(errors).toEqual([expect.objectContaining({ ...LATE, partial: bytes('wor') })])
  })

  it.each([
    ['lines', lines({ maxBytes: 3, tooLong: 'skip' })],
    ['delimited', delimited('\r\n', { maxBytes: 3, tooLong: 'skip', encoding: 'utf8' })],
  ])('frameTimeout: limits a frame that is skipped, too (%s)', (_, codec) => {
    const { peer, errors } = quiet(codec)
    peer.push(bytes('too long'))
    expect(peer.next()).toBe(NOTHING)
    pass(peer, 2 * LIMIT)
    expect(errors).toEqual([
      expect.objectContaining({ ...LATE, message: expect.stringContaining(' 8 bytes ') }),
    ])
  })

  it('frameTimeout: a frame that waits in the connection for a slow handler has arrived', async () => {
    const { peer, other } = await connected()
    await sendPart({ peer, other })
    await other.write('lo\n')
    await arrived(peer.channel, 6)
    pass(peer, 2 * LIMIT)
    expect(await peer.read()).toBe('hello')
  })

  it('frameTimeout: a connection that closes or has gone is not late', async () => {
    for (const end of ['close', 'reset'] as const) {
      const { peer, other } = await connected()
      const connection = peer.channel as TcpConnection
      await sendPart({ peer, other })
      if (end === 'close') void connection.close().catch(() => undefined)
      else other.destroy(new Error('gone'))
      await until(() => !connection.isOpen, 'the connection is over')
      expect(checkAt(peer, performance.now() + LIMIT)).toBe(Infinity)
      expect(peer.failure).toBeUndefined()
    }
  })

  it('frameTimeout: a frame that is late while nobody reads fails every later read', async () => {
    const { peer, other } = await connected()
    await sendPart({ peer, other })
    pass(peer, 2 * LIMIT)
    for (let reads = 0; reads < 2; reads++) await expect(peer.read()).rejects.toMatchObject(LATE)
  })

  it.each([
    ['reports an error that no read has given', false, [expect.objectContaining(LATE)]],
    ['leaves an error to the handler that has read it', true, []],
  ])('frameTimeout: a server %s', async (_, reads, expected) => {
    const errors: Error[] = []
    const server = createTcpServer(
      framed(
        lines(),
        async (peer) => {
          await arrived(peer.channel, 4)
          await expect(peer.read({ timeout: 0 })).rejects.toMatchObject({ code: 'ERR_SOCK_READ_TIMEOUT' })
          await until(() => !peer.channel.isOpen, 'the frame is late')
          if (reads) await expect(peer.read()).rejects.toMatchObject(LATE)
        },
        { frameTimeout: 50 },
      ),
    )
    server.on('error', (error) => errors.push(error))
    const client = await connectTcp(await server.listen('127.0.0.1:0'))
    await client.write('half')
    await expect(client.read()).rejects.toMatchObject({ code: 'ERR_SOCK_RESET' })
    await server.shutdown()
    expect(errors).toEqual(expected)
  })
})

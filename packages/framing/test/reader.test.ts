import { describe, expect, it } from '@jest/globals'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { until } from '@sock/test-support/wait'
import { reader, type Reader, type ReaderOptions } from '../src/index.js'

/** Reads what a server says in these chunks, and then ends. */
async function reading(
  chunks: readonly string[],
  act: (input: Reader) => Promise<void>,
  options?: ReaderOptions,
): Promise<void> {
  const server = createTcpServer(async (connection) => {
    for (const chunk of chunks) {
      await connection.write(chunk)
      await new Promise(setImmediate)
    }
  })
  const connection = await connectTcp(await server.listen('127.0.0.1:0'))
  try {
    await act(reader(connection, options))
  } finally {
    await connection.close().catch(() => undefined)
    await server.close()
  }
}

const failed = (name: string): object => ({ code: `ERR_SOCK_FRAME_${name}` })

describe('reader', () => {
  it('reader: lines, bytes and delimiters follow each other on one connection', () =>
    reading(['set key 5\r\nhel', 'lo\r\nuntil', ';last'], async ({ readLine, readExactly, readUntil }) => {
      expect(await readLine()).toBe('set key 5')
      expect(String(await readExactly(5))).toBe('hello')
      expect(await readLine()).toBe('')
      expect(String(await readUntil(';'))).toBe('until')
      expect([await readLine(), await readLine()]).toEqual(['last', null])
    }))

  it('reader: readExactly and readUntil reject with what had come when the input ends', () =>
    reading(['abc'], async ({ readExactly }) => {
      await expect(readExactly(4)).rejects.toMatchObject({
        ...failed('INCOMPLETE'),
        partial: Buffer.from('abc'),
      })
    }).then(() =>
      reading(['abc'], async ({ readUntil }) => {
        await expect(readUntil(';')).rejects.toMatchObject(failed('INCOMPLETE'))
      }),
    ))

  it('reader: nothing longer than maxBytes is collected', () =>
    reading(
      ['abcdef'],
      async ({ readExactly, readLine, readUntil }) => {
        await expect(readExactly(5)).rejects.toMatchObject(failed('TOO_LARGE'))
        await expect(readLine()).rejects.toMatchObject(failed('TOO_LARGE'))
        await expect(readUntil(';')).rejects.toMatchObject(failed('TOO_LARGE'))
        expect(String(await readExactly(4))).toBe('abcd')
      },
      { maxBytes: 4 },
    ))

  it('reader: a read that gives up leaves what has come to the next one', () =>
    reading(['abc', 'def'], async ({ readExactly }) => {
      await expect(readExactly(100, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
        'enough',
      )
      expect(String(await readExactly(6))).toBe('abcdef')
    }))

  it('reader refuses arguments that make no sense', () =>
    reading(['x'], async ({ readExactly, readUntil }) => {
      expect(() => reader(undefined as never)).toThrow('Invalid "channel"')
      await expect(readExactly(-1)).rejects.toThrow('Invalid "size"')
      await expect(readExactly(undefined as never)).rejects.toThrow('Invalid "size"')
      await expect(readUntil('')).rejects.toThrow('Invalid "delimiter"')
    }))

  it.each(['hello\n', 'hello\r\n', 'hello\r', 'hello'])(
    'reader: maxBytes of a line does not count its end: %j',
    (text) =>
      reading([text], async ({ readLine }) => expect(await readLine()).toBe('hello'), { maxBytes: 5 }),
  )

  it.each(['hello!\n', 'hello!\r\n', 'hello!\r', 'hello!', 'hello\rx'])(
    'reader: a line that is longer than maxBytes fails: %j',
    (text) =>
      reading([text], async ({ readLine }) => expect(readLine()).rejects.toMatchObject(failed('TOO_LARGE')), {
        maxBytes: 5,
      }),
  )

  it('reader: a CR at the end of a line counts until the line end comes', () =>
    reading(
      ['hello\r', '\nbye\n'],
      async ({ readLine }) => expect([await readLine(), await readLine()]).toEqual(['hello', 'bye']),
      {
        maxBytes: 5,
      },
    ))

  it.each(['readLine', 'readExactly', 'readUntil'] as const)(
    'reader: a shutdown waits for the rest of a piece that has partly arrived (%s)',
    async (method) => {
      const pieces: string[] = []
      const server = createTcpServer(
        async (connection) => {
          const input = reader(connection)
          const read = {
            readLine: input.readLine,
            readExactly: () => input.readExactly(4),
            readUntil: () => input.readUntil('\n'),
          }
          const piece = await read[method]().catch(() => null)
          if (piece !== null) pieces.push(String(piece))
        },
        { drainIdle: 20 },
      )
      const address = await server.listen('127.0.0.1:0')
      const half = await connectTcp(address)
      await half.write('ab')
      await until(() => server.stats().bytesRead === 2, 'the half has arrived')
      const idle = await connectTcp(address)
      await until(() => server.openConnections === 2, 'both are open')
      const shutdown = server.shutdown({ timeout: 600_000 })
      // Ended as idle. Half a piece has been as quiet for as long.
      expect(await idle.read()).toBeNull()
      expect(pieces).toEqual([])
      await half.write('cd\n')
      expect(await half.read()).toBeNull()
      expect(await shutdown).toMatchObject({ forced: 0 })
      expect(pieces).toEqual(['abcd'])
    },
  )

  it('reader: a line that was cut by this side is not given as a whole one', async () => {
    for (const end of ['closeRead', 'destroy'] as const) {
      let outcome: unknown
      const server = createTcpServer(async (connection) => {
        const { readLine } = reader(connection)
        const line = readLine()
        await until(() => connection.bytesRead === 2, 'a part has arrived')
        connection[end]()
        outcome = await line.catch(({ code }) => code as string)
      })
      const client = await connectTcp(await server.listen('127.0.0.1:0'))
      await client.write('ab')
      await client.read().catch(() => undefined)
      await client.close().catch(() => undefined)
      await server.shutdown()
      expect(outcome).toBe(end === 'closeRead' ? null : 'ERR_SOCK_CLOSED')
    }
  })
})

import { describe, expect, it } from '@jest/globals'
import { connectTcp, createTcpServer } from '@sock/tcp'
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
})

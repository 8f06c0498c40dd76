import { describe, expect, it, jest } from '@jest/globals'
import { delimited, lines } from '../src/index.js'
import { Carry } from '../src/lib/carry.js'
import { decode } from './support/decoding.js'

const TOO_LARGE = 'ERR_SOCK_FRAME_TOO_LARGE'

describe('lines', () => {
  it('lines end in LF or CRLF, and what is left at the end is the last line', () => {
    expect(decode(lines(), ['one\r\ntwo\n\nfo', 'ur'])).toEqual({ frames: ['one', 'two', '', 'four'] })
  })

  it('lines find a CRLF that two chunks share', () => {
    expect(decode(lines(), ['one\r', '\ntwo\n'])).toEqual({ frames: ['one', 'two'] })
  })

  it('lines put together a character that two chunks share', () => {
    const euro = Buffer.from('€\n')
    expect(decode(lines(), [euro.subarray(0, 1), euro.subarray(1)])).toEqual({ frames: ['€'] })
  })

  it('lines of maxBytes are let through, with CRLF too', () => {
    expect(decode(lines({ maxBytes: 3 }), ['abc\r\nabc\n', 'ab', 'c\r', '\n'])).toEqual({
      frames: ['abc', 'abc', 'abc'],
    })
  })

  it.each([
    ['in one chunk', ['abcd\n']],
    ['without an end', ['abcde']],
    ['byte by byte', ['a', 'b', 'c', 'd', 'e']],
  ])('lines over maxBytes fail before they are whole: %s', (_, chunks) => {
    expect(decode(lines({ maxBytes: 3 }), chunks)).toEqual({ frames: [], code: TOO_LARGE })
  })

  it('lines with tooLong "skip" discard and count the line, and go on behind it', () => {
    const codec = lines({ maxBytes: 3, tooLong: 'skip' })
    const decoder = codec.decoder()
    const frames: string[] = []
    const kept = jest.spyOn(Carry.prototype, 'append')
    for (const text of ['ok\nfar too', ' long', ' to be kept\nok', '\nlonger\r\nend\n']) {
      decoder.push(Buffer.from(text), (frame) => frames.push(frame) > 0, 0)
      expect((kept.mock.contexts.at(-1) as Carry).length).toBeLessThan(4)
    }
    kept.mockRestore()
    decoder.push(Buffer.from('so long'), () => true, 0)
    expect(decoder.bufferedBytes).toBe(7)
    expect(frames).toEqual(['ok', 'ok', 'end'])
    expect(decoder.skipped).toBe(3)
  })

  it('lines refuse to write what would be read as another message', () => {
    for (const message of ['a\nb', 'a\r', Buffer.from('\n')]) {
      expect(() => lines().encode(message)).toThrow(
        expect.objectContaining({ code: 'ERR_SOCK_FRAME_MALFORMED' }),
      )
    }
  })

  it.each([
    [{ maxBytes: 0 }, 'Invalid "maxBytes"'],
    [{ encoding: 'ascii' }, `Invalid "encoding": expected one of 'utf8', 'latin1', 'buffer', got 'ascii'`],
    [{ tooLong: true }, 'Invalid "tooLong"'],
    [{ maxbytes: 1 }, 'Unknown option "maxbytes" in lines() options'],
  ])('lines refuse the options %j', (options, message) => {
    expect(() => lines(options as object)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
        code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF_RANGE)/),
      }),
    )
  })
})

describe('delimited', () => {
  it('delimited finds a delimiter that several chunks share', () => {
    const { frames } = decode(delimited('\r\n.\r\n', { encoding: 'utf8' }), [
      'mail\r',
      '\n.',
      '\r\nnext\r\n.',
      '\r',
      '\n',
    ])
    expect(frames).toEqual(['mail', 'next'])
  })

  it('delimited with tooLong "skip" finds the end of a frame that is skipped, also when chunks share it', () => {
    const codec = delimited('<>', { maxBytes: 2, tooLong: 'skip', encoding: 'utf8' })
    expect(decode(codec, ['ab<>abcdefg<', '>cd<>'])).toEqual({ frames: ['ab', 'cd'] })
  })

  it.each([
    ['', 'delimiter'],
    [5, 'delimiter'],
  ])('delimited refuses the delimiter %j', (delimiter, message) => {
    expect(() => delimited(delimiter as string)).toThrow(message)
  })

  it('delimited refuses to write a message that, with its delimiter, ends too early', () => {
    expect(() => delimited('aa').encode('xa')).toThrow('Message contains the delimiter')
  })
})

import { describe, expect, it } from '@jest/globals'
import { netstrings, octetCounted } from '../src/index.js'
import { decode, encode } from './support/decoding.js'

const MALFORMED = 'ERR_SOCK_FRAME_MALFORMED'

describe('netstrings', () => {
  it('netstrings are as their specification has them', () => {
    expect(encode(netstrings(), ['hello world!', '']).toString()).toBe('12:hello world!,0:,')
    expect(decode(netstrings(), ['12:hello world!,0:,']).frames.map(String)).toEqual(['hello world!', ''])
  })

  it.each(['5hello,', ':,', '01:a,', '00:,', '-1:a,', 'a:b,', '1:ab'])(
    'netstrings refuse %j as malformed',
    (text) => {
      expect(decode(netstrings(), [text]).code).toBe(MALFORMED)
    },
  )

  it('netstrings refuse a length without end as soon as it is above maxBytes', () => {
    expect(decode(netstrings({ maxBytes: 99 }), ['1', '0', '0']).code).toBe('ERR_SOCK_FRAME_TOO_LARGE')
  })
})

describe('octetCounted', () => {
  it('octetCounted is as RFC 6587 has it', () => {
    expect(encode(octetCounted(), ['<34>1 message', 'x']).toString()).toBe('13 <34>1 message1 x')
    expect(decode(octetCounted(), ['13 <34>1 message1 ', 'x']).frames.map(String)).toEqual([
      '<34>1 message',
      'x',
    ])
  })

  it.each(['0 ', '05 hello', '<34>1 message'])('octetCounted refuses %j as malformed', (text) => {
    expect(decode(octetCounted(), [text]).code).toBe(MALFORMED)
  })

  it('octetCounted refuses to write an empty message', () => {
    expect(() => octetCounted().encode('')).toThrow('Message is empty')
  })
})

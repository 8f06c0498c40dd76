import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { lengthPrefixed } from '../src/index.js'
import { prefixed, type PrefixFormat } from '../src/lib/prefixed.js'
import { decode } from './support/decoding.js'

/** One digit before the body, and `;` after it. */
const format: PrefixFormat = {
  maxBytes: 9,
  read(bytes, at, end, found) {
    if (at === end) return -1
    found.length = Number(String.fromCharCode(bytes[at] as number))
    return 1
  },
  write: (length) => Buffer.from(`${length}`),
  tail: Buffer.from(';'),
}
const bare: PrefixFormat = { ...format, tail: undefined }

describe('prefixed', () => {
  it('prefixed().encode() puts head and tail around the body, and copies no large body that needs no tail', () => {
    expect(String(prefixed(format).encode('abc'))).toBe('3abc;')
    const large = Buffer.alloc(20_000, 'x')
    const pieces = prefixed(bare).encode(large) as Uint8Array[]
    expect([String(pieces[0]), pieces[1] === large]).toEqual(['20000', true])
    expect(prefixed(format).encode(large)).toHaveLength(5 + 20_000 + 1)
  })

  it('prefixed().decoder() returns bodies wherever the chunks are cut', () => {
    const text = '3abc;0;2de;'
    for (let at = 0; at <= text.length; at++) {
      const { frames, code } = decode(prefixed(format), [text.slice(0, at), text.slice(at)])
      expect([frames.map(String), code]).toEqual([['abc', '', 'de'], undefined])
    }
  })

  it('prefixed().decoder() copies no frame that is whole in its chunk', () => {
    const chunk = Buffer.from('3abc;')
    const frames: Buffer[] = []
    prefixed(format)
      .decoder()
      .push(chunk, (frame) => frames.push(frame) > 0, 0)
    expect(frames[0]?.buffer).toBe(chunk.buffer)
    expect(frames[0]?.byteOffset).toBe(chunk.byteOffset + 1)
  })

  it('prefixed().decoder() stops where emit() returns false, and says where', () => {
    const decoder = prefixed(format).decoder()
    const chunk = Buffer.from('1a;1b;1c;')
    const frames: string[] = []
    const stop = (frame: Buffer): boolean => frames.push(String(frame)) > 2
    const first = decoder.push(chunk, stop, 0)
    expect([first, frames]).toEqual([3, ['a']])
    expect(decoder.push(chunk, stop, first as number)).toBe(6)
  })

  it('prefixed().decoder() throws for a body over maxBytes when the head has arrived, and for a wrong tail', () => {
    expect(decode(prefixed({ ...format, maxBytes: 4 }), ['5'])).toEqual({
      frames: [],
      code: 'ERR_SOCK_FRAME_TOO_LARGE',
    })
    expect(decode(prefixed({ ...format, maxBytes: 4 }), ['4abcd!'])).toEqual({
      frames: [],
      code: 'ERR_SOCK_FRAME_MALFORMED',
    })
  })

  it('prefixed().decoder() says at the end what is missing of a frame', () => {
    const decoder = prefixed(format).decoder()
    decoder.push(Buffer.from('3ab'), () => true, 0)
    expect(decoder.bufferedBytes).toBe(3)
    expect(thrown(() => decoder.end(() => true))).toMatchObject({
      code: 'ERR_SOCK_FRAME_INCOMPLETE',
      message: 'Frame is incomplete: 3 bytes had arrived of 5 when the input ended',
    })
    expect(decoder.bufferedBytes).toBe(0)
    expect(() => decoder.end(() => true)).not.toThrow()
  })

  it('prefixed().decoder() starts again after the end, also with a head that comes in parts', () => {
    const decoder = lengthPrefixed({ bytes: 2 }).decoder()
    const push = (...bytes: number[]): Buffer[] => {
      const frames: Buffer[] = []
      decoder.push(Buffer.from(bytes), (frame) => frames.push(frame) > 0, 0)
      return frames
    }
    push(0, 3, 65)
    thrown(() => decoder.end(() => true))
    expect([...push(0), ...push(1), ...push(66)].map(String)).toEqual(['B'])
  })
})

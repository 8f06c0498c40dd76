import { describe, expect, it } from '@jest/globals'
import { fixed, lengthPrefixed } from '../src/index.js'
import { decode } from './support/decoding.js'

const code = (name: string): unknown => expect.objectContaining({ code: `ERR_SOCK_FRAME_${name}` })

describe('lengthPrefixed', () => {
  it('lengthPrefixed gives a frame that lies in one chunk without copying it', () => {
    const chunk = Buffer.from([0, 0, 0, 2, 1, 2])
    const frames: Buffer[] = []
    lengthPrefixed()
      .decoder()
      .push(chunk, (frame) => frames.push(frame) > 0, 0)
    expect(frames[0]?.buffer).toBe(chunk.buffer)
  })

  it('lengthPrefixed takes memory for what has come, not for what is declared', () => {
    const decoder = lengthPrefixed({ maxBytes: 2 ** 32 }).decoder()
    decoder.push(Buffer.from([0xff, 0xff, 0xff, 0xff]), () => true, 0)
    for (let i = 0; i < 1_000; i++) decoder.push(Buffer.from([i & 0xff]), () => true, 0)
    expect(decoder.bufferedBytes).toBe(1_004)
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(2 ** 30)
  })

  it('lengthPrefixed fails as soon as a length above maxBytes is declared, and names both', () => {
    const decoder = lengthPrefixed({ maxBytes: 1_000 }).decoder()
    expect(() => decoder.push(Buffer.from([0xff, 0xff, 0xff, 0xff]), () => true, 0)).toThrow(
      'Frame is too large: 4294967295 bytes, and maxBytes is 1000',
    )
  })

  it('lengthPrefixed fails with what had come when the input ends in a frame', () => {
    const decoder = lengthPrefixed({ bytes: 1 }).decoder()
    decoder.push(Buffer.from([3, 7]), () => true, 0)
    expect(() => decoder.end(() => true)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCK_FRAME_INCOMPLETE', partial: Buffer.from([3, 7]) }),
    )
  })

  it.each([
    ['a varint of eleven bytes', { bytes: 'varint' }, Buffer.alloc(11, 0x80)],
    [
      'a varint above 2^53',
      { bytes: 'varint' },
      Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]),
    ],
    ['a length without its own prefix', { counts: 'all' }, Buffer.from([0, 0, 0, 3])],
  ] as const)('lengthPrefixed refuses %s as malformed', (_, options, bytes) => {
    expect(decode(lengthPrefixed(options), [bytes]).code).toBe('ERR_SOCK_FRAME_MALFORMED')
  })

  it('lengthPrefixed refuses eight bytes that no number can hold as too large', () => {
    expect(decode(lengthPrefixed({ bytes: 8 }), [Buffer.alloc(8, 0xff)]).code).toBe(
      'ERR_SOCK_FRAME_TOO_LARGE',
    )
  })

  it('lengthPrefixed refuses to write what does not fit its prefix', () => {
    expect(() => lengthPrefixed({ bytes: 1 }).encode(Buffer.alloc(256))).toThrow(code('TOO_LARGE'))
    expect(() => lengthPrefixed({ bytes: 1, counts: 'all' }).encode(Buffer.alloc(255))).toThrow(
      code('TOO_LARGE'),
    )
  })

  it('lengthPrefixed writes a large body behind its prefix without copying it', () => {
    const body = Buffer.alloc(20_000)
    expect(lengthPrefixed().encode(body)).toEqual([Buffer.from([0, 0, 0x4e, 0x20]), body])
  })

  it('lengthPrefixed refuses options that make no sense', () => {
    expect(() => lengthPrefixed({ bytes: 5 as never })).toThrow(
      `Invalid "bytes": expected one of 1, 2, 3, 4, 8, 'varint', got 5`,
    )
    expect(() => lengthPrefixed({ bytes: 'varint', counts: 'all' })).toThrow('Invalid "counts"')
    expect(() => lengthPrefixed().encode(5 as never)).toThrow('Invalid "message"')
  })
})

describe('fixed', () => {
  it('fixed refuses a size that is none, and messages of another size', () => {
    expect(() => fixed(0)).toThrow('Invalid "size"')
    expect(() => fixed(undefined as never)).toThrow('Invalid "size"')
    expect(() => fixed(3).encode('four')).toThrow('Message has 4 bytes, and each frame has 3')
  })
})

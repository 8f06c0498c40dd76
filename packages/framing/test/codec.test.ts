import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { bytesOf, checkCodec, incomplete } from '../src/lib/codec.js'
import { lines } from '../src/index.js'

describe('bytesOf', () => {
  it('bytesOf() returns a string as UTF-8, and bytes as they are', () => {
    const bytes = new Uint8Array([1])
    expect(bytesOf(bytes)).toBe(bytes)
    expect(bytesOf('é')).toEqual(Buffer.from([0xc3, 0xa9]))
  })

  it.each([[undefined], [5], [[1]], [new Uint16Array(1)]])('bytesOf(%p) throws a TypeError', (value) => {
    expect(thrown(() => bytesOf(value))).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
  })
})

describe('checkCodec', () => {
  it('checkCodec() accepts a codec, and refuses what lacks one of its functions', () => {
    const codec = lines()
    expect(() => checkCodec(codec)).not.toThrow()
    for (const value of [undefined, null, 'lines', lines, { ...codec, decoder: 1 }, { encode: () => [] }]) {
      expect(thrown(() => checkCodec(value)).message).toMatch(
        /^Invalid "codec": expected an object with decoder\(\) and encode\(\), such as lines\(\), got /,
      )
    }
  })
})

describe('incomplete', () => {
  it('incomplete() has the bytes that had arrived', () => {
    const partial = Buffer.from('abc')
    expect(incomplete(partial, 'when the input ended')).toMatchObject({
      code: 'ERR_SOCK_FRAME_INCOMPLETE',
      message: 'Frame is incomplete: 3 bytes had arrived when the input ended',
      partial,
    })
  })
})

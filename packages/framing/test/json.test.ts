import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { json } from '../src/index.js'
import { decode, encode } from './support/decoding.js'

describe('json', () => {
  it('json() reads one value a line, and null is a value', () => {
    const chunks = ['{"a":', '1}\r\nnull\n[]\n"x\\ny"\n', '5']
    expect(decode(json(), chunks)).toEqual({ frames: [{ a: 1 }, null, [], 'x\ny', 5] })
  })

  it('json() writes one value a line, and reads it again', () => {
    const values = [{ a: [1, 'two\n'] }, null, 'x', 0, false, []]
    const bytes = encode(json(), values)
    expect(String(bytes).split('\n')).toHaveLength(values.length + 1)
    expect(decode(json(), [bytes])).toEqual({ frames: values })
  })

  it.each([
    ['a word', ['1\n2\nthree\n4\n'], 3],
    ['an empty line', ['1\n', '\n'], 2],
    ['a part at the end', ['1\n{"a"'], 2],
  ])('json() fails for %s, and the error has the number of the line', (_, chunks, line) => {
    const decoder = json().decoder()
    const error = thrown(() => {
      for (const chunk of chunks) decoder.push(Buffer.from(chunk), () => true, 0)
      decoder.end(() => true)
    })
    expect(error).toMatchObject({ code: 'ERR_SOCK_FRAME_MALFORMED', cause: expect.any(SyntaxError) })
    expect(error.message).toMatch(new RegExp(`^Line ${line} is not JSON: `))
  })

  it('json() gives the values before a wrong line', () => {
    expect(decode(json(), ['1\n2\nthree\n'])).toEqual({ frames: [1, 2], code: 'ERR_SOCK_FRAME_MALFORMED' })
  })

  it('json() fails for a line that is too long, before it has arrived', () => {
    expect(decode(json({ maxBytes: 3 }), ['123\n12345'])).toEqual({
      frames: [123],
      code: 'ERR_SOCK_FRAME_TOO_LARGE',
    })
  })

  const circle: unknown[] = []
  circle.push(circle)
  it.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a BigInt', 1n],
    ['a circle', circle],
  ])('json() refuses to write %s', (_, value) => {
    expect(thrown(() => json().encode(value))).toMatchObject({
      code: 'ERR_SOCK_FRAME_MALFORMED',
      message: expect.stringMatching(/^Message cannot be written as JSON/),
    })
  })

  it('json() refuses options that make no sense', () => {
    expect(() => json({ maxBytes: 0 })).toThrow('Invalid "maxBytes"')
    expect(() => json({ maxbytes: 1 } as never)).toThrow('Unknown option "maxbytes" in json() options')
  })
})

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  delimited,
  fixed,
  lengthPrefixed,
  lines,
  netstrings,
  octetCounted,
  type Codec,
} from '../src/index.js'
import { FrameInput, NOTHING } from '../src/lib/frame-input.js'
import { CODES, cut, decode, encode } from './support/decoding.js'
import { createRandom, SEED } from './support/random.js'

const MILLION = 1_000_000

const bytes = (minLength = 0) =>
  fc.uint8Array({ minLength, maxLength: 600 }).map((array) => Buffer.from(array))
const without = (...parts: string[]) => bytes().filter((body) => !parts.some((part) => body.includes(part)))

type Case = readonly [string, Codec<Buffer, Uint8Array>, fc.Arbitrary<Buffer>]

const cases: readonly Case[] = [
  ['lines of bytes', lines({ encoding: 'buffer' }), without('\n').filter((body) => body.at(-1) !== 13)],
  ['delimited by one byte', delimited('\0'), without('\0')],
  // Also the end of a body together with the delimiter is no delimiter that comes too early.
  ['delimited by several bytes', delimited('aab'), without('a', 'b')],
  ...([1, 2, 3, 4, 8, 'varint'] as const).map((size): Case => {
    const largest = size === 1 ? 255 : 600
    return [
      `length-prefixed, ${size}`,
      lengthPrefixed({ bytes: size }),
      bytes().map((body) => body.subarray(0, largest)),
    ]
  }),
  ...([2, 3, 4, 8] as const).map((size): Case => [
    `length-prefixed, ${size}, little endian, with itself`,
    lengthPrefixed({ bytes: size, littleEndian: true, counts: 'all' }),
    bytes(),
  ]),
  ['netstrings', netstrings(), bytes()],
  ['octet-counted', octetCounted(), bytes(1)],
  ['fixed', fixed(7), fc.uint8Array({ minLength: 7, maxLength: 7 }).map((array) => Buffer.from(array))],
]

describe.each(cases)('%s', (name, codec, body) => {
  it(`${name}: any frames, cut anywhere, come out as they went in`, () => {
    fc.assert(
      fc.property(
        fc.array(body, { maxLength: 12 }),
        fc.array(fc.nat(10_000), { maxLength: 40 }),
        (bodies, places) => {
          expect(decode(codec, cut(encode(codec, bodies), places))).toEqual({ frames: bodies })
        },
      ),
    )
  })

  it(`${name}: bytes of any kind give frames, or one of the three errors`, () => {
    fc.assert(
      fc.property(fc.array(bytes(), { maxLength: 20 }), (chunks) => {
        expect([undefined, ...CODES]).toContain(decode(codec, chunks).code)
      }),
    )
  })

  it(`${name}: a million random bytes, from seed ${SEED}, give frames and only the three errors`, () => {
    const random = createRandom(SEED)
    const messages = encode(codec, fc.sample(body, { seed: SEED, numRuns: 200 }))
    let input = new FrameInput(codec)
    const seen = { frames: 0, errors: 0 }
    for (let bytesSent = 0; bytesSent < MILLION;) {
      const chunk = random.hostileChunk(messages)
      bytesSent += chunk.length
      input.push(chunk)
      try {
        while (input.next() !== NOTHING) seen.frames += 1
      } catch (error) {
        expect(CODES).toContain((error as { code?: string }).code)
        seen.errors += 1
        input = new FrameInput(codec)
      }
    }
    expect(seen.frames).toBeGreaterThan(0)
    // Any bytes are a frame of a fixed size, and none of these limits is as small as a chunk.
    const canFail = !/^(lines|delimited|fixed|length-prefixed, [12]$)/.test(name)
    expect(seen.errors > 0).toBe(canFail)
  })

  it(`${name}: how bytes are cut does not change what comes out`, () => {
    fc.assert(
      fc.property(bytes(), fc.array(fc.nat(10_000), { maxLength: 40 }), (input, places) => {
        expect(decode(codec, cut(input, places))).toEqual(decode(codec, [input]))
      }),
    )
  })
})

describe.each(['utf8', 'latin1'] as const)('lines as %s', (encoding) => {
  it(`lines as ${encoding} are the lines of bytes as strings, also where many are cut from one string`, () => {
    const line = fc.oneof(
      { weight: 8, arbitrary: fc.string({ maxLength: 200 }).map((text) => Buffer.from(`${text}\n`)) },
      { weight: 2, arbitrary: fc.constant(Buffer.from('\r\n')) },
      { weight: 1, arbitrary: bytes() },
    )
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 200, size: 'max' }),
        fc.array(fc.nat(20_000), { maxLength: 8 }),
        fc.constantFrom('fail' as const, 'skip' as const),
        (parts, places, tooLong) => {
          const chunks = cut(Buffer.concat(parts), places)
          const expected = decode(lines({ encoding: 'buffer', maxBytes: 150, tooLong }), chunks)
          const got = decode(lines({ encoding, maxBytes: 150, tooLong }), chunks)
          expect(got).toEqual({
            ...expected,
            frames: expected.frames.map((frame) => frame.toString(encoding)),
          })
        },
      ),
    )
  })
})

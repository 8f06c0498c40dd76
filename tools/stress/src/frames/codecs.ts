import assert from 'node:assert/strict'
import {
  delimited,
  fixed,
  lengthPrefixed,
  lines,
  netstrings,
  octetCounted,
  type Codec,
  type Decoder,
  type DelimitedOptions,
  type LengthPrefixedOptions,
  type PrefixBytes,
} from '@sock/framing'
import fc from 'fast-check'

/** How a program's own codec breaks the rules. */
export const FLAWS = [
  'none',
  'stays at its index',
  'returns NaN',
  'returns too much',
  'is asynchronous',
  'throws at the third frame',
  'throws at the end',
  'has no decoder',
] as const
export type Flaw = (typeof FLAWS)[number]
/** Flaws for which a decoder never gets on. */
const STUCK: readonly Flaw[] = ['stays at its index', 'returns NaN', 'returns too much', 'is asynchronous']

/** What `reader()` reads in turn: a line, some bytes, or the bytes up to a delimiter. */
export type Piece = 'line' | number | ';;'

/** One codec with its options, as plain data. */
export type CodecSpec =
  | ({ readonly kind: 'lines' } & Required<DelimitedOptions>)
  | ({ readonly kind: 'delimited'; readonly delimiter: string } & Required<DelimitedOptions>)
  | {
      readonly kind: 'lengthPrefixed'
      readonly bytes: PrefixBytes
      readonly littleEndian: boolean
      readonly counts: 'body' | 'all'
      readonly maxBytes: number
    }
  | { readonly kind: 'netstrings'; readonly maxBytes: number }
  | { readonly kind: 'octetCounted'; readonly maxBytes: number }
  | { readonly kind: 'fixed'; readonly maxBytes: number }
  | { readonly kind: 'pieces'; readonly pieces: readonly Piece[]; readonly maxBytes: number }
  | {
      readonly kind: 'own'
      /** Whether `push()` returns where it stopped, and whether the decoder has `bufferedBytes`. */
      readonly stops: boolean
      readonly counts: boolean
      readonly flaw: Flaw
      readonly maxBytes: number
    }

type OwnSpec = CodecSpec & { readonly kind: 'own' }

const anyLimit = fc.constantFrom(100, 100, 100_000)
const anyDelimited = {
  maxBytes: anyLimit,
  encoding: fc.constantFrom('utf8' as const, 'latin1' as const, 'buffer' as const),
  tooLong: fc.constantFrom('fail' as const, 'skip' as const),
}

/** Codecs for `framed()` and `frames()`. */
export const anyCodec: fc.Arbitrary<CodecSpec> = fc.oneof(
  fc.record({ kind: fc.constant('lines' as const), ...anyDelimited }),
  fc.record({
    kind: fc.constant('delimited' as const),
    delimiter: fc.constantFrom('\0', '\r\n', 'ab;'),
    ...anyDelimited,
  }),
  fc
    .record({
      kind: fc.constant('lengthPrefixed' as const),
      bytes: fc.constantFrom<PrefixBytes>(1, 2, 3, 4, 8, 'varint'),
      littleEndian: fc.boolean(),
      counts: fc.constantFrom('body' as const, 'all' as const),
      maxBytes: anyLimit,
    })
    .map((one) => (one.bytes === 'varint' ? { ...one, counts: 'body' as const } : one)),
  fc.record({ kind: fc.constant('netstrings' as const), maxBytes: anyLimit }),
  fc.record({ kind: fc.constant('octetCounted' as const), maxBytes: anyLimit }),
  fc.record({ kind: fc.constant('fixed' as const), maxBytes: fc.constantFrom(20, 100) }),
  fc.record({
    kind: fc.constant('own' as const),
    stops: fc.boolean(),
    counts: fc.boolean(),
    flaw: fc.oneof(
      { weight: 2, arbitrary: fc.constant<Flaw>('none') },
      { weight: 1, arbitrary: fc.constantFrom(...FLAWS) },
    ),
    maxBytes: fc.constant(100_000),
  }),
)

/** Scripts for `reader()`. */
export const anyScript: fc.Arbitrary<CodecSpec> = fc.record({
  kind: fc.constant('pieces' as const),
  pieces: fc.array(fc.constantFrom<Piece>('line', 'line', 3, 50, ';;'), { minLength: 1, maxLength: 3 }),
  maxBytes: anyLimit,
})

export const isStuck = (spec: CodecSpec): boolean => spec.kind === 'own' && STUCK.includes(spec.flaw)
/** Whether a shutdown and `frameTimeout` can know that a part of a frame has arrived. */
export const showsParts = (spec: CodecSpec): boolean =>
  spec.kind !== 'pieces' && (spec.kind !== 'own' || spec.counts)

/** The error of a program's own codec. */
export class OwnError extends Error {}

/** @param tell is called when the library asks a decoder again and again that does not get on */
export function createCodec(spec: CodecSpec, tell: (fault: Error) => void): Codec<unknown, never> {
  const { kind, ...options } = spec
  if (spec.kind === 'own') return ownCodec(spec, tell)
  if (spec.kind === 'fixed') return fixed(spec.maxBytes)
  if (spec.kind === 'netstrings') return netstrings({ maxBytes: spec.maxBytes })
  if (spec.kind === 'octetCounted') return octetCounted({ maxBytes: spec.maxBytes })
  if (spec.kind === 'delimited') {
    const { delimiter, maxBytes, encoding, tooLong } = spec
    return delimited(delimiter, { maxBytes, encoding, tooLong })
  }
  assert.ok(kind !== 'pieces', 'reader() has no codec')
  return kind === 'lines'
    ? lines(options as DelimitedOptions)
    : lengthPrefixed(options as LengthPrefixedOptions)
}

function ownCodec(spec: OwnSpec, tell: (fault: Error) => void): Codec<unknown, never> {
  return {
    decoder() {
      if (spec.flaw === 'has no decoder') throw new OwnError('decoder() fails')
      return new OwnDecoder(spec, tell)
    },
    encode(message: unknown) {
      if (!Buffer.isBuffer(message)) throw new OwnError('encode() fails')
      return [message, Buffer.from('\n')]
    },
  }
}

/** After this many calls without progress, the process would hang. */
const HANGS = 1_000

/** Text up to LF. The end of the input ends the last one. */
class OwnDecoder implements Decoder<string> {
  readonly #spec: OwnSpec
  readonly #tell: (fault: Error) => void
  #rest = Buffer.alloc(0)
  #count = 0
  #calls = 0

  constructor(spec: OwnSpec, tell: (fault: Error) => void) {
    this.#spec = spec
    this.#tell = tell
    if (!spec.counts) Object.defineProperty(this, 'bufferedBytes', { value: undefined })
  }

  get bufferedBytes(): number {
    return this.#rest.length
  }

  push(chunk: Buffer, emit: (frame: string) => boolean, from: number): number | void {
    const { flaw, stops } = this.#spec
    if (isStuck(this.#spec) && (this.#calls += 1) > HANGS) {
      const fault = new Error(`push() of a decoder that ${flaw} was called ${HANGS} times`)
      this.#tell(fault)
      throw fault
    }
    if (flaw === 'stays at its index') return from
    let at = from
    for (let end; (end = chunk.indexOf(10, at)) !== -1;) {
      const frame = Buffer.concat([this.#rest, chunk.subarray(at, end)])
      at = end + 1
      this.#rest = Buffer.alloc(0)
      if (flaw === 'throws at the third frame' && (this.#count += 1) === 3) throw new OwnError('push() fails')
      if (!emit(String(frame)) && stops) return at
    }
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(at)])
    if (flaw === 'returns NaN') return NaN
    if (flaw === 'returns too much') return chunk.length + 1
    if (flaw === 'is asynchronous') return Promise.resolve(chunk.length) as unknown as number
    return stops ? chunk.length : undefined
  }

  end(emit: (frame: string) => boolean): void {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    this.#count = 0
    if (this.#spec.flaw === 'throws at the end') throw new OwnError('end() fails')
    if (rest.length > 0) emit(String(rest))
  }
}

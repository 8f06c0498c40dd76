import { isStream, type TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import type { EngineName } from '../world/means.js'
import { PACES, type Pace } from '../world/pace.js'
import { anyCodec, anyScript, type CodecSpec } from './codecs.js'

/** How the frames are read. `client`: with `frames()` on a connection that this side has opened. */
export const FORMS = ['message', 'function', 'iterator', 'frames', 'client', 'reader'] as const
export type Form = (typeof FORMS)[number]

/** What a handler does with a frame. */
const HARMLESS = [
  'nothing',
  'null',
  'zero',
  'false',
  'object',
  'promise',
  'late',
  'gated',
  'gated',
  'write',
  'write on',
  'refused write',
  'busy',
  'not busy',
] as const
const HARMFUL = [
  'throws',
  'rejects',
  'close',
  'channel.close',
  'destroy',
  'fail',
  'closeRead',
  'shut down',
  'shut down at once',
  'close server',
  'leave',
] as const
export type Outcome = (typeof HARMLESS)[number] | (typeof HARMFUL)[number]

/** What a peer sends. */
export interface Part {
  readonly what: 'frame' | 'large' | 'malformed' | 'junk'
  readonly size: number
}

const OF_PEERS = ['send', 'rest', 'end', 'reset', 'drop', 'connect'] as const
const OF_CHANNELS = [
  'close',
  'channel.close',
  'destroy',
  'fail',
  'closeRead',
  'resume',
  'busy',
  'not busy',
] as const
const OF_SERVERS = ['shut down', 'shut down at once', 'close server'] as const
export type Verb = (typeof OF_PEERS)[number] | (typeof OF_CHANNELS)[number] | (typeof OF_SERVERS)[number]
export const isOfServer = (verb: Verb | Outcome): verb is (typeof OF_SERVERS)[number] =>
  (OF_SERVERS as readonly string[]).includes(verb)

export interface Act {
  readonly verb: Verb
  readonly which: number
  readonly parts: readonly Part[]
  /** How many bytes of what it sends are held back, until it sends again. */
  readonly keep: number
  /** In how many pieces it sends them. */
  readonly pieces: number
}

/** `long` is twice the `frameTimeout`; `blocked` is the same without a turn of the event loop. */
export interface Step {
  readonly acts: readonly Act[]
  readonly rest: Pace | 'long' | 'blocked'
}

/** A program is plain data, because another process plays it, which it may end. */
export interface FrameProgram {
  readonly engine: EngineName
  readonly transport: TransportName
  readonly form: Form
  readonly codec: CodecSpec
  /** In ms. */
  readonly frameTimeout?: number
  /** How long each read of a function waits, in ms. */
  readonly readTimeout?: number
  /** Whether the handler returns after an error of a frame, or throws it. */
  readonly swallows: boolean
  /** Whether there is an `end` callback. */
  readonly hasEnd: boolean
  readonly peers: number
  readonly steps: readonly Step[]
  /** What the handlers do with the first frames; nothing with all others. */
  readonly outcomes: readonly Outcome[]
  /** `silently`: peers send no more of what they hold back until `frameTimeout` has passed. */
  readonly ending: 'gently' | 'silently' | 'by force'
}

/** Short: sequences wait for it. Long enough that most frames are complete before, on a busy machine too. */
const FRAME_TIMEOUT = 40
const MAX_STEPS = 12
const SIZES = [1, 2, 5, 20, 20, 50, 98, 99, 100, 101, 102, 250, 5_000, 40_000] as const

const often = <T>(weight: number, one: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(one) }, { weight: 1, arbitrary: other })

const anyPart: fc.Arbitrary<Part> = fc.record({
  what: often<Part['what']>(15, 'frame', fc.constantFrom('large', 'malformed', 'junk')),
  size: fc.constantFrom(...SIZES),
})

const anyVerb: fc.Arbitrary<Verb> = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Verb>('send') },
  { weight: 5, arbitrary: fc.constant<Verb>('rest') },
  { weight: 3, arbitrary: fc.constant<Verb>('resume') },
  { weight: 2, arbitrary: fc.constantFrom<Verb>(...OF_PEERS) },
  { weight: 2, arbitrary: fc.constantFrom<Verb>(...OF_CHANNELS) },
  { weight: 1, arbitrary: fc.constantFrom<Verb>(...OF_SERVERS) },
)

const anyAct: fc.Arbitrary<Act> = fc.record({
  verb: anyVerb,
  which: fc.nat({ max: 3 }),
  parts: fc.array(anyPart, { minLength: 1, maxLength: 4 }),
  keep: fc.constantFrom(0, 0, 0, 1, 2, 3, 10, 60, 2_000),
  pieces: fc.integer({ min: 1, max: 3 }),
})

const anyStep: fc.Arbitrary<Step> = fc.record({
  acts: fc.array(anyAct, { minLength: 1, maxLength: 4 }),
  rest: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<Step['rest']>(...PACES, 'turns') },
    { weight: 1, arbitrary: fc.constantFrom<Step['rest']>('long', 'blocked') },
  ),
})

const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Outcome>('nothing') },
  { weight: 8, arbitrary: fc.constantFrom<Outcome>(...HARMLESS) },
  { weight: 1, arbitrary: fc.constantFrom<Outcome>(...HARMFUL) },
)

const optional = (ms: number): fc.Arbitrary<number | undefined> => fc.constantFrom(undefined, ms)

export function anyFrameProgram(engine: EngineName): fc.Arbitrary<FrameProgram> {
  const transports: TransportName[] =
    engine === 'node' ? ['tcp', 'unix', 'udp', 'unixgram', 'tls'] : ['tcp', 'unix', 'udp', 'unixgram']
  const forms = fc.record({
    transport: fc.constantFrom(...transports, 'tcp' as const),
    form: fc.constantFrom<Form>(...FORMS, 'message', 'message'),
    codec: anyCodec,
    script: anyScript,
  })
  const anyForm = forms.map(({ transport, form, codec, script }) => {
    const isShared = !isStream(transport)
    const plain = isShared && (form === 'client' || form === 'reader') ? 'function' : form
    // On a datagram socket, a codec that always fails leaves nothing to compare.
    const own = isShared && codec.kind === 'own' && codec.flaw !== 'none'
    const fit = own ? { ...codec, flaw: 'throws at the third frame' as const } : codec
    return { transport, form: plain, codec: plain === 'reader' ? script : fit }
  })
  return fc
    .record({
      what: anyForm,
      frameTimeout: optional(FRAME_TIMEOUT),
      readTimeout: fc.constantFrom(undefined, undefined, 0, 5),
      swallows: fc.boolean(),
      hasEnd: fc.boolean(),
      peers: fc.integer({ min: 1, max: 4 }),
      steps: fc.array(anyStep, { minLength: 1, maxLength: MAX_STEPS, size: 'max' }),
      outcomes: fc.array(anyOutcome, { maxLength: 60, size: 'max' }),
      ending: fc.constantFrom<FrameProgram['ending']>('gently', 'gently', 'silently', 'by force'),
    })
    .map(({ what, frameTimeout, readTimeout, ...rest }) => ({
      engine,
      ...what,
      ...(frameTimeout !== undefined && { frameTimeout }),
      ...(readTimeout !== undefined && { readTimeout }),
      ...rest,
    }))
}

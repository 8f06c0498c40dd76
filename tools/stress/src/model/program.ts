import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import { CALLBACKS, FORMS, type Callback, type Form } from '../world/handlers.js'
import type { EngineName } from '../world/means.js'
import { PACES, type Pace } from '../world/pace.js'

/** Plain data, because another process plays it: a program may end its process. */
export interface Program {
  readonly engine: EngineName
  readonly where: 'main thread' | 'worker'
  readonly servers: readonly ServerSpec[]
  /** Clients that connect before the first step, each to one of the servers. */
  readonly peers: readonly PeerSpec[]
  readonly steps: readonly (Turn | Plan)[]
  readonly ending: 'gently' | 'by force'
}

export interface ServerSpec {
  readonly transport: TransportName
  readonly form: Form
  readonly highWaterMark: number
  readonly maxConnections: number
}

export interface PeerSpec {
  readonly to: number
  /** A socket of Node, or a client of the library. */
  readonly kind: 'raw' | 'client'
}

/** Done in one turn of the event loop, so that a server hears of all of it in one batch. */
export interface Turn {
  readonly acts: readonly Act[]
  readonly rest: Pace
}

/** Done inside a callback or an observer, the next time that it is called. */
export interface Plan {
  readonly at: Moment
  readonly acts: readonly Act[]
  readonly outcome: Outcome
}

const OBSERVERS = [
  'on handler',
  'on read',
  'on write',
  'on closeRead',
  'on closeWrite',
  'on close',
  'on error',
  'on state',
] as const
export type Moment = Callback | (typeof OBSERVERS)[number]
export const isObserver = (moment: Moment): boolean => moment.startsWith('on ')

export type Outcome = 'returns' | 'late' | 'throws' | 'rejects' | 'bad thenable'

const ENDS = ['write', 'closeWrite', 'closeRead', 'close', 'destroy', 'reset', 'stall', 'resume'] as const
const WORLD = [
  'connect',
  'connect and abort',
  'send',
  'close server',
  'shut down',
  'shut down at once',
  'listen',
  'listen in vain',
] as const
export type EndVerb = (typeof ENDS)[number]
export type Verb = EndVerb | (typeof WORLD)[number]

export interface Act {
  readonly verb: Verb
  /** The connection that the callback is about, one of those that were accepted, or one that connected; or every second. */
  readonly who: 'self' | 'accepted' | 'peer' | 'many accepted' | 'many peers'
  readonly which: number
  /** Bytes, or of datagrams also how many are asked for. */
  readonly size: number
}

/** Around every limit: of a gathered write, a TLS record, a read of libuv, a slab; small ones are likeliest. */
const SIZES = [1, 1, 100, 100, 2_048, 4_095, 4_096, 4_097, 16_384, 16_385, 65_536, 65_537, 262_145] as const
const MAX_PEERS = 30
const MAX_STEPS = 25

const anyVerb: fc.Arbitrary<Verb> = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom<Verb>('write', 'write', 'send') },
  { weight: 10, arbitrary: fc.constantFrom<Verb>(...ENDS) },
  { weight: 1, arbitrary: fc.constantFrom<Verb>('connect', 'connect', 'connect and abort') },
  { weight: 1, arbitrary: fc.constantFrom<Verb>(...WORLD.slice(3), 'listen') },
)

const act = (...who: readonly Act['who'][]): fc.Arbitrary<Act> =>
  fc.record({
    verb: anyVerb,
    who: fc.constantFrom(...who),
    which: fc.nat({ max: MAX_PEERS - 1 }),
    size: fc.constantFrom(...SIZES),
  })

const turn: fc.Arbitrary<Turn> = fc.record({
  acts: fc.array(act('peer', 'peer', 'peer', 'accepted', 'many peers'), { minLength: 1, maxLength: 8 }),
  rest: fc.constantFrom<Pace>(...PACES, 'turns'),
})

const plan: fc.Arbitrary<Plan> = fc.record({
  at: fc.oneof(fc.constantFrom<Moment>(...CALLBACKS, 'data', 'data'), fc.constantFrom<Moment>(...OBSERVERS)),
  acts: fc.array(act('self', 'self', 'accepted', 'peer', 'many accepted'), { minLength: 1, maxLength: 3 }),
  outcome: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Outcome>('returns') },
    { weight: 1, arbitrary: fc.constantFrom<Outcome>('late', 'throws', 'rejects', 'bad thenable') },
  ),
})

const oftenAndRarely = <T>(often: T, rarely: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(often) }, { weight: 2, arbitrary: fc.constant(rarely) })

export function anyProgram(
  engine: EngineName,
  transports: readonly TransportName[] = [...TRANSPORTS, 'tcp'],
): fc.Arbitrary<Program> {
  const programs = fc.record({
    engine: fc.constant(engine),
    where: oftenAndRarely<Program['where']>('main thread', 'worker'),
    servers: fc.array(
      fc.record({
        transport: fc.constantFrom(...transports),
        form: fc.constantFrom(...FORMS, 'callbacks' as const),
        highWaterMark: fc.constantFrom(1_000, 65_536),
        maxConnections: oftenAndRarely(1_000, 4),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    peers: fc.array(
      fc.record({
        to: fc.nat({ max: 3 }),
        kind: fc.constantFrom('raw' as const, 'raw' as const, 'client' as const),
      }),
      { minLength: 1, maxLength: MAX_PEERS, size: 'max' },
    ),
    steps: fc.array(fc.oneof({ weight: 3, arbitrary: turn }, { weight: 2, arbitrary: plan }), {
      maxLength: MAX_STEPS,
      size: 'max',
    }),
    ending: oftenAndRarely<Program['ending']>('gently', 'by force'),
  })
  // The native module that Node's engine needs for Unix datagrams works in the main thread only.
  const isPossible = ({ where, servers }: Program): boolean =>
    where === 'main thread' || engine === 'native' || servers.every((one) => one.transport !== 'unixgram')
  return programs.map((one) => (isPossible(one) ? one : { ...one, where: 'main thread' }))
}

/** A program as a person reads it, a line per step. */
export function describeProgram({ engine, where, servers, peers, steps, ending }: Program): string {
  const sizeOf = ({ verb, size }: Act): string => (verb === 'write' || verb === 'send' ? ` ${size}` : '')
  const actOf = (one: Act): string => `${one.who} ${one.which} ${one.verb}${sizeOf(one)}`
  return [
    `on the ${engine} engine, in a ${where}`,
    ...servers.map(
      (one, at) =>
        `server ${at}: ${one.transport}, ${one.form}, mark ${one.highWaterMark}, ${one.maxConnections} at most`,
    ),
    `peers: ${peers.map(({ to, kind }) => `${kind}→${to}`).join(' ')}`,
    ...steps.map((step) => {
      const acts = step.acts.map(actOf).join(', ')
      return 'at' in step ? `  the next ${step.at}: ${acts}; ${step.outcome}` : `  ${acts}; ${step.rest}`
    }),
    `ends ${ending}`,
  ].join('\n')
}

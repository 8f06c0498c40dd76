import type { TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import { CALLBACKS, type Callback, type Form } from './handlers.js'
import { PACES, type Pace } from './pace.js'

export interface ServerSpec {
  readonly transport: TransportName
  readonly form: Form
  readonly highWaterMark: number
  readonly maxConnections: number
  readonly idleTimeout?: number
}

/** Acts of one turn of the event loop, so that they reach a server in one batch. */
export interface Turn {
  readonly acts: readonly Act[]
  readonly rest: Pace
}

/** Acts inside a callback or an observer, when it is called next. */
export interface Plan {
  readonly at: Moment
  readonly acts: readonly Act[]
  readonly outcome: Outcome
}

const EVENTS = ['handler', 'read', 'write', 'closeRead', 'closeWrite', 'close', 'error', 'state'] as const
const OBSERVERS = EVENTS.map((event) => `on ${event}` as const)
export type Moment = Callback | 'server name' | (typeof OBSERVERS)[number]
export const isObserver = (moment: Moment): boolean => moment.startsWith('on ')

export type Outcome = 'returns' | 'late' | 'throws' | 'rejects'

const ENDS = [
  'write',
  'closeWrite',
  'closeRead',
  'close',
  'destroy',
  'reset',
  'stall',
  'resume',
  'transfer',
] as const
const SERVERS = ['close server', 'shut down', 'shut down at once', 'listen', 'listen and abort'] as const
const CLIENTS = ['connect', 'connect', 'connect and abort'] as const
export type EndVerb = (typeof ENDS)[number]
export type ServerVerb = (typeof SERVERS)[number]
export type Verb = EndVerb | ServerVerb | (typeof CLIENTS)[number]

export const isOfServer = (verb: Verb): verb is ServerVerb => (SERVERS as readonly Verb[]).includes(verb)

export interface Act {
  readonly verb: Verb
  /** The callback's own connection, an accepted one, or a connecting one; `many`: every second of these. */
  readonly who: 'self' | 'accepted' | 'peer' | 'many accepted' | 'many peers'
  readonly which: number
  /** The number of bytes; for datagrams, also of answers to ask for. */
  readonly size: number
}

/** Sizes around every limit: of a gathered write, a TLS record, a read of libuv, a slab. Small ones are most likely. */
const SIZES = [1, 1, 100, 100, 2_048, 4_095, 4_096, 4_097, 16_384, 16_385, 65_536, 65_537, 262_145] as const

/** Sizes of the smallest messages, which an engine copies, and of those that let the memory for the next ones grow. */
const MESSAGES = [4_001, 8_193, 9_000, 9_001] as const
const anySize = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<number>(...SIZES) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 1, arbitrary: fc.constantFrom<number>(...MESSAGES) },
)

/** Possible acts, with their weight and their targets. */
interface Choice {
  readonly verbs: fc.Arbitrary<Verb>
  readonly who: readonly Act['who'][]
  readonly most: number
}

/** All acts, also those that break connections. */
export const ANYTHING: fc.Arbitrary<Verb> = fc.oneof(
  { weight: 10, arbitrary: fc.constant<Verb>('write') },
  { weight: 10, arbitrary: fc.constantFrom<Verb>(...ENDS) },
  { weight: 1, arbitrary: fc.constantFrom<Verb>(...CLIENTS) },
  { weight: 1, arbitrary: fc.constantFrom<Verb>(...SERVERS, 'listen') },
)

const anyActs = ({ verbs, who, most }: Choice): fc.Arbitrary<Act[]> =>
  fc.array(
    fc.record({
      verb: verbs,
      who: fc.constantFrom(...who),
      which: fc.nat({ max: 29 }),
      size: anySize,
    }),
    { minLength: 1, maxLength: most, size: 'max' },
  )

export const anyTurn = (choice: Choice): fc.Arbitrary<Turn> =>
  fc.record({ acts: anyActs(choice), rest: fc.constantFrom<Pace>(...PACES, 'turns') })

export const anyPlan = (choice: Choice): fc.Arbitrary<Plan> =>
  fc.record({
    at: fc.oneof(
      fc.constantFrom<Moment>(...CALLBACKS, 'data', 'data', 'server name'),
      fc.constantFrom<Moment>(...OBSERVERS),
    ),
    acts: anyActs(choice),
    outcome: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Outcome>('returns') },
      { weight: 1, arbitrary: fc.constantFrom<Outcome>('late', 'throws', 'rejects') },
    ),
  })

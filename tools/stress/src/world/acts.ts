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

const EVENTS = ['handler', 'read', 'write', 'closeRead', 'closeWrite', 'close', 'error', 'state'] as const
const OBSERVERS = EVENTS.map((event) => `on ${event}` as const)
export type Moment = Callback | (typeof OBSERVERS)[number]
export const isObserver = (moment: Moment): boolean => moment.startsWith('on ')

export type Outcome = 'returns' | 'late' | 'throws' | 'rejects' | 'bad thenable'

const ENDS = ['write', 'closeWrite', 'closeRead', 'close', 'destroy', 'reset', 'stall', 'resume'] as const
const SERVERS = [
  'close server',
  'shut down',
  'shut down at once',
  'listen',
  'listen',
  'listen in vain',
] as const
const CLIENTS = ['connect', 'connect', 'connect and abort'] as const
/** Of an end: asyncDispose, or a read while another one waits. Of a server: asyncDispose, or one more observer comes or leaves. */
const RARE = ['dispose', 'read twice', 'dispose server', 'observe'] as const
export type EndVerb = (typeof ENDS)[number] | 'dispose' | 'read twice'
export type Verb =
  EndVerb | (typeof SERVERS)[number] | (typeof CLIENTS)[number] | (typeof RARE)[number] | 'send'

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

/** What can be done, with how often it should be, and to whom. */
interface Choice {
  readonly verbs: fc.Arbitrary<Verb>
  readonly who: readonly Act['who'][]
  readonly most: number
}

/** Everything, whoever may suffer. */
export const ANYTHING: fc.Arbitrary<Verb> = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom<Verb>('write', 'write', 'send') },
  { weight: 10, arbitrary: fc.constantFrom<Verb>(...ENDS) },
  { weight: 1, arbitrary: fc.constantFrom<Verb>(...CLIENTS) },
  { weight: 1, arbitrary: fc.constantFrom<Verb>(...SERVERS) },
  { weight: 1, arbitrary: fc.constantFrom<Verb>(...RARE) },
)

const anyActs = ({ verbs, who, most }: Choice): fc.Arbitrary<Act[]> =>
  fc.array(
    fc.record({
      verb: verbs,
      who: fc.constantFrom(...who),
      which: fc.nat({ max: 29 }),
      size: fc.constantFrom(...SIZES),
    }),
    { minLength: 1, maxLength: most },
  )

export const anyTurn = (choice: Choice): fc.Arbitrary<Turn> =>
  fc.record({ acts: anyActs(choice), rest: fc.constantFrom<Pace>(...PACES, 'turns') })

export const anyPlan = (choice: Choice): fc.Arbitrary<Plan> =>
  fc.record({
    at: fc.oneof(
      fc.constantFrom<Moment>(...CALLBACKS, 'data', 'data'),
      fc.constantFrom<Moment>(...OBSERVERS),
    ),
    acts: anyActs(choice),
    outcome: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Outcome>('returns') },
      { weight: 1, arbitrary: fc.constantFrom<Outcome>('late', 'throws', 'rejects', 'bad thenable') },
    ),
  })

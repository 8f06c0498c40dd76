import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import { anyPlan, anyTurn, ANYTHING, type Plan, type ServerSpec, type Turn } from '../world/acts.js'
import { FORMS } from '../world/handlers.js'
import type { EngineName } from '../world/means.js'

/** A program is plain data, because another process plays it, which it may end. */
export interface Program {
  readonly engine: EngineName
  readonly servers: readonly ServerSpec[]
  /** Clients that connect before the first step, each to one of the servers. */
  readonly peers: Turn
  readonly steps: readonly (Turn | Plan)[]
  readonly ending: 'gently' | 'by force'
}

const MAX_PEERS = 30
const MAX_STEPS = 25

const oftenAndRarely = <T>(often: T, rarely: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(often) }, { weight: 2, arbitrary: fc.constant(rarely) })

export function anyProgram(
  engine: EngineName,
  transports: readonly TransportName[] = [...TRANSPORTS, 'tcp'],
): fc.Arbitrary<Program> {
  const peers = anyTurn({ verbs: fc.constant('connect'), who: ['peer'], most: MAX_PEERS })
  const turn = anyTurn({ verbs: ANYTHING, who: ['peer', 'peer', 'peer', 'accepted', 'many peers'], most: 8 })
  const plan = anyPlan({
    verbs: ANYTHING,
    who: ['self', 'self', 'accepted', 'peer', 'many accepted'],
    most: 3,
  })
  return fc.record({
    engine: fc.constant(engine),
    servers: fc.array(
      fc.record({
        transport: fc.constantFrom(...transports),
        form: fc.constantFrom(...FORMS, 'callbacks' as const),
        highWaterMark: fc.constantFrom(1_000, 65_536),
        maxConnections: oftenAndRarely(1_000, 4),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    peers,
    steps: fc.array(fc.oneof({ weight: 3, arbitrary: turn }, { weight: 2, arbitrary: plan }), {
      maxLength: MAX_STEPS,
      size: 'max',
    }),
    ending: oftenAndRarely<Program['ending']>('gently', 'by force'),
  })
}

import { describe, it } from '@jest/globals'
import fc from 'fast-check'
import { anySequence } from '../../src/model/sequences.js'
import { createGround, NAMES, type Name } from '../../src/model/transports.js'

/** Of a failure that was printed, to run it again: see TESTING.md. */
const { MODEL_SEED, MODEL_RUNS = '120' } = process.env
const parameters = {
  numRuns: Number(MODEL_RUNS),
  ...(MODEL_SEED === undefined ? {} : { seed: Number(MODEL_SEED) }),
}
/** Programs that another process plays take longer, those of clusters most of all. */
const SHARE: Partial<Record<Name, number>> = { crowd: 1 / 4, 'crowd-native': 1 / 4, cluster: 1 / 24 }
/** ms: a failing sequence is made shorter, which may take many attempts. */
const LIMIT = 120_000

const grounds = await Promise.all(NAMES.map(async (name) => ({ name, ground: await createGround(name) })))

describe('any sequence of commands keeps to the model', () => {
  for (const { name, ground } of grounds) {
    const run = ground === undefined ? it.skip : it
    run(
      `on ${name}`,
      async () => {
        if (ground === undefined) return
        try {
          await fc.assert(anySequence(ground), {
            ...parameters,
            numRuns: Math.ceil(parameters.numRuns * (SHARE[name] ?? 1)),
            // What was found by then is told.
            plugins: [fc.interruptAfterTimeLimit(LIMIT / 2)],
          })
        } finally {
          await ground.close()
        }
      },
      LIMIT,
    )
  }
})

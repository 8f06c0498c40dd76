import { describe, it } from '@jest/globals'
import { createGround, NAMES } from '../../src/model/grounds.js'

/** Of a failure that was printed, to play it again: see TESTING.md. */
const { MODEL_SEED, MODEL_RUNS = '30' } = process.env
const seed = MODEL_SEED === undefined ? Date.now() & 0x7fffffff : Number(MODEL_SEED)
/** A cluster takes long; crowds are of all transports. */
const GROUNDS = { crowd: 1, 'crowd-native': 1, cluster: 1 / 6 }

describe('any sequence keeps to the model', () => {
  for (const name of NAMES.filter((one) => one in GROUNDS)) {
    const ground = createGround(name)
    const run = ground === undefined ? it.skip : it
    run(`on ${name}`, async () => {
      if (ground === undefined) return
      const numRuns = Math.ceil(Number(MODEL_RUNS) * GROUNDS[name as keyof typeof GROUNDS])
      const problem = await ground.play({ seed, numRuns })
      await ground.close()
      if (problem !== undefined) throw new Error(problem)
    })
  }
})

import { describe, it } from '@jest/globals'
import { Ground } from '../../src/model/grounds.js'

describe('a random sequence agrees with the model', () => {
  for (const [name, numRuns] of [
    ['crowd', 30],
    ['crowd-native', 30],
    ['crowd-reuse', 10],
  ] as const) {
    const ground = new Ground(name)
    const run = ground.isAvailable ? it : it.skip
    run(`on ${name}`, async () => {
      const problem = await ground.play({ seed: Date.now() & 0x7fffffff, numRuns })
      await ground.close()
      if (problem !== undefined) throw new Error(problem)
    })
  }
})

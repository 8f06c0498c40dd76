import { describe, it } from '@jest/globals'
import { ProgramKind } from '../../src/model/program-kinds.js'

describe('a random sequence agrees with the model', () => {
  for (const [name, numRuns] of [
    ['crowd', 30],
    ['crowd-native', 30],
    ['crowd-reuse', 10],
    ['frames', 60],
    ['frames-native', 60],
    ['frames-reuse', 30],
  ] as const) {
    const kind = new ProgramKind(name)
    const run = kind.isAvailable ? it : it.skip
    run(`on ${name}`, async () => {
      const problem = await kind.play({ seed: Date.now() & 0x7fffffff, numRuns })
      await kind.close()
      if (problem !== undefined) throw new Error(problem)
    })
  }
})

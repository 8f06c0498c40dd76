import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { anyProgram } from '../../src/model/crowd/program.js'
import { Stage } from '../../src/model/stage.js'

const PLAYER = new URL('support/broken-player.mjs', import.meta.url)
/** ms: what never settles is found so quickly, and what settles takes much less. */
const PATIENCE = 1_000
const RUNS = 100
const LIMIT = 120_000

/** Plays programs until one is found to have this fault. @returns what was found */
async function findings(fault: string, runs: number, wanted: RegExp): Promise<readonly string[]> {
  const stage = new Stage(PLAYER, { CROWD_FAULT: fault })
  const found: string[] = []
  try {
    for (const program of fc.sample(anyProgram('node'), { seed: 1, numRuns: runs })) {
      const verdict = await stage.play({ program, patience: PATIENCE })
      if (verdict.fault !== undefined) found.push(verdict.fault)
      if (wanted.test(verdict.fault ?? '')) break
    }
  } finally {
    await stage.close()
  }
  return found
}

describe('the crowd finds', () => {
  it.each([
    ['crash', 'that a process ends', /The process has ended: SIGSEGV/],
    ['reset', 'a reset that is taken for the end', /took a reset for the end/],
    ['context', 'an AsyncLocalStorage that another connection sees', /sees the AsyncLocalStorage of/],
    ['order', 'bytes in another order', /not those that were written/],
  ])(
    '%s: %s',
    async (fault, _what, message) => {
      expect(await findings(fault, RUNS, message)).toContainEqual(expect.stringMatching(message))
    },
    LIMIT,
  )
})

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { groundOf } from '../../src/model/grounds.js'
import { anyProgram } from '../../src/model/program.js'
import { Stage } from '../../src/model/stage.js'

const PLAYER = new URL('../support/broken-player.mjs', import.meta.url)
/** In ms: what never settles is found so quickly, and what settles takes much less. */
const PATIENCE = 1_000
const RUNS = 300

/** Plays programs until this is found. @returns everything that was found */
async function findings(fault: string, wanted: RegExp): Promise<readonly string[]> {
  const stage = new Stage(PLAYER, { STRESS_FAULT: fault }, PATIENCE)
  const found: string[] = []
  for (const program of fc.sample(anyProgram('node', ['tcp', 'unix']), { seed: 1, numRuns: RUNS })) {
    const verdict = await stage.play(program)
    if (verdict.fault !== undefined) found.push(verdict.fault)
    if (wanted.test(verdict.fault ?? '')) break
  }
  await stage.close()
  return found
}

describe('the model finds', () => {
  it.each([
    ['crash', 'that a process ends', /ended with SIGSEGV/],
    ['reset', 'a reset that is taken for the end', /took a reset for the end/],
    ['context', 'an AsyncLocalStorage that another connection sees', /sees the AsyncLocalStorage of/],
    ['order', 'bytes in another order', /not those that were written/],
    ['close', 'a close that nobody hears of', /openConnections|last heard of/],
    ['count', 'a connection that is counted twice', /accepted, and seen as new/],
    ['settle', 'a shutdown() that never settles', /never settled: .*shutdown|shutdown\(\) does not come/],
    ['dispose', 'an asyncDispose that never settles', /never settled: .*shutdown|shutdown\(\) does not come/],
    ['observer', 'an observer that hears on after it has unsubscribed', /for an observer that was not there/],
    ['leak', 'a timer that is left', /left/],
  ])('%s: %s', async (fault, _what, message) => {
    expect(await findings(fault, message)).toContainEqual(expect.stringMatching(message))
  })

  it('the same again with the seed and the path that it prints', async () => {
    const stage = new Stage(PLAYER, { STRESS_FAULT: 'count' }, PATIENCE)
    const ground = groundOf('unix', stage, anyProgram('node', ['unix']))
    const found = await ground.play({ seed: 2, numRuns: 50 })
    const [, seed, path = ''] = /--seed (\d+) --path (\S+)/.exec(found ?? '') ?? []
    const again = await ground.play({ seed: Number(seed), numRuns: 1, path })
    expect(again).toContain('accepted, and seen as new')
    await stage.close()
  })
})

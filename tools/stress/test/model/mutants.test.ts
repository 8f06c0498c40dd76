import { describe, expect, it } from '@jest/globals'
import { ProgramKind } from '../../src/model/program-kinds.js'
import { broken } from '../support/broken.js'

/** In ms: a promise that settles takes much less. */
const PATIENCE = 1_000
const RUNS = 30
const SEEDS = 10

const kindWith = (fault: string): ProgramKind => new ProgramKind('tcp', PATIENCE, broken(fault))

describe('the model finds', () => {
  it.each([
    ['crash', 'that a process ends', /ended with SIGSEGV/],
    ['reset', 'a reset that is taken for an end', /took a reset for an end/],
    ['context', 'an AsyncLocalStorage that another connection sees', /sees the AsyncLocalStorage of/],
    ['order', 'bytes in another order', /not those that were written/],
    ['close', 'a close without an event', /openConnections|the last event was/],
    ['count', 'a connection that is counted twice', /accepted, and seen as new/],
    ['settle', 'a shutdown() that never settles', /never settled: .*shutdown|shutdown\(\) does not end/],
    ['leak', 'a timer that close() leaves', /left/],
  ])('%s: %s', async (fault, _what, message) => {
    const kind = kindWith(fault)
    const found: string[] = []
    for (let seed = 1; seed <= SEEDS && !message.test(found.at(-1) ?? ''); seed++)
      found.push((await kind.play({ seed, numRuns: RUNS, endOnFailure: true })) ?? 'nothing')
    await kind.close()
    expect(found).toContainEqual(expect.stringMatching(message))
  })

  it('the same fault again with the seed and the path that it prints', async () => {
    const kind = kindWith('count')
    const found = await kind.play({ seed: 2, numRuns: 50 })
    const [, seed, path = ''] = /--seed (\d+) --path (\S+)/.exec(found ?? '') ?? []
    const again = await kind.play({ seed: Number(seed), numRuns: 1, path })
    expect(again).toContain('accepted, and seen as new')
    await kind.close()
  })
})

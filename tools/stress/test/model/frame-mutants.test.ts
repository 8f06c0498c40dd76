import { describe, expect, it } from '@jest/globals'
import { ProgramKind } from '../../src/model/program-kinds.js'
import { broken } from '../support/broken.js'

/** In ms: what must happen takes much less. */
const PATIENCE = 3_000
const RUNS = 30
const SEEDS = 20

describe('the model of frames finds', () => {
  it.each([
    ['frame-waits', 'a frame that waits for the next chunk', /frames|frame is late|missing|took/],
    ['frame-twice', 'a frame that is given twice', /instead of|nobody has sent/],
    ['frame-rest', 'the rest of a datagram that is given with the next', /nobody has sent|is from/],
    ['frame-after', 'a frame after destroy()', /after (destroy|fail|close)/],
    ['frame-part', 'a shutdown that cuts a frame', /frame is late|a shutdown has cut off|nobody has sent/],
    [
      'frame-timer',
      'a time limit that counts the work of a handler',
      /no frame was late|works on a whole frame/,
    ],
    ['frame-endless', 'a part of a frame that stays for ever', /no frame is late/],
    ['frame-null', 'an error that becomes an end', /gave null after/],
    ['frame-refused', 'a rejection that nobody handles', /Invalid message|wrong type|message/i],
  ])('%s: %s', async (fault, _what, message) => {
    const kind = new ProgramKind('frames', PATIENCE, broken(fault))
    const found: string[] = []
    for (let seed = 1; seed <= SEEDS && !message.test(found.at(-1) ?? ''); seed++)
      found.push((await kind.play({ seed, numRuns: RUNS, endOnFailure: true })) ?? 'nothing')
    await kind.close()
    expect(found).toContainEqual(expect.stringMatching(message))
  })
})

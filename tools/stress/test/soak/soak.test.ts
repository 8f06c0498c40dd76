import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAvailable } from '../../src/soak/engines.js'
import { endPrograms, startProgram } from './support/program.js'

/** Some seconds; it takes longer where the machine needs longer for as many looks as a trend is judged by. */
const SHORT = '0.15'
/** Against hanging only. */
const LIMIT = 300_000

/** Where the addon was compiled; elsewhere it is skipped, and is seen to be. */
const itWithNative: typeof it.skip = isAvailable('native') ? it : it.skip

/** The names of the rows that fail, from the printed verdict. */
const failing = (output: string): string[] =>
  [...output.matchAll(/^FAILS {2}(.*?) {2}/gm)].map(([, name]) => name as string)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soak-test-'))
})
afterEach(async () => {
  await endPrograms()
  await rm(folder, { recursive: true })
})

describe('npm run soak', () => {
  it(
    'npm run soak ends by itself with code 0, prints a verdict and writes its numbers',
    async () => {
      const results = join(folder, 'results.json')
      const { code, output } = await startProgram('--minutes', SHORT, '--results', results).ended
      expect(failing(output)).toEqual([])
      expect(output).toMatch(/^holds {2}bytes acknowledged, not delivered +[1-9]\d* sessions/m)
      expect(output).toMatch(/\n16 passed, 0 failed\n$/)
      expect(code).toBe(0)
      expect(JSON.parse(await readFile(results, 'utf8'))).toMatchObject({
        numPassedTests: 16,
        numFailedTests: 0,
      })
    },
    LIMIT,
  )

  itWithNative(
    'npm run soak takes the native engine, and nothing is lost or leaked with it either',
    async () => {
      const { code, output } = await startProgram('--minutes', SHORT, '--engine', 'native').ended
      expect(output).toMatch(/ over native, /)
      expect(failing(output)).toEqual([])
      expect(output).toMatch(/^holds {2}bytes acknowledged, not delivered +[1-9]\d* sessions/m)
      expect(code).toBe(0)
    },
    LIMIT,
  )

  it.each([
    ['descriptors', ['server: descriptors', 'after the last shutdown']],
    ['heap', ['server: heap']],
    ['byte', ['bytes acknowledged, not delivered']],
    ['order', ['events in order']],
  ])(
    'npm run soak ends with code 1 when something is done wrong: %s',
    async (broken, rows) => {
      const program = startProgram('--minutes', SHORT, '--only', 'tcp,unixgram', '--broken', broken)
      const { code, output } = await program.ended
      expect(failing(output)).toEqual(expect.arrayContaining(rows))
      expect(code).toBe(1)
    },
    LIMIT,
  )

  it(
    'npm run soak ends with the verdict so far on SIGINT',
    async () => {
      const program = startProgram('--minutes', '60', '--only', 'tcp')
      // Without a session there is nothing to judge.
      await program.until(/^\d+ s · [1-9]\d* sessions/m)
      program.kill('SIGINT')
      const { code, output } = await program.ended
      expect(output).toMatch(/\n16 passed, 0 failed\n$/)
      expect(code).toBe(0)
    },
    LIMIT,
  )

  it('npm run soak refuses options that make no sense', async () => {
    const programs = [
      ['--minutes', '0'],
      ['--only', 'sctp'],
      ['--seed', '-1'],
      ['--engine', 'bun'],
      ['--broken', 'everything'],
    ]
    for (const args of programs) {
      const { code, output } = await startProgram(...args).ended
      expect(output).toMatch(/^error: /)
      expect(code).toBe(2)
    }
  })
})

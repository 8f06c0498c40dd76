import { describe, expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { start, type Outcome, type Program } from '@sock/tools/processes'
import { isAvailable } from '../../src/world/means.js'
import { broken } from '../support/broken.js'

/** In minutes. The soak goes on until it has enough rounds to judge a trend. */
const SHORT = '0.15'

/** Skipped where the addon is not compiled. */
const itWithNative: typeof it.skip = isAvailable('native') ? it : it.skip

const MAIN = fileURLToPath(new URL('../../dist/soak/main.js', import.meta.url))
const soak = (args: readonly string[], env = process.env): Program =>
  start(process.execPath, [MAIN, ...args], { env })

/** The names of the rows that fail, from the printed verdict. */
const failing = ({ output }: Outcome): string[] =>
  [...output.matchAll(/^FAILS {2}(.*)/gm)].map(([, name]) => name as string)

/** A verdict after something was compared: all rows hold. */
const HELD = /^[1-9]\d* ends closed, [1-9]\d* with everything.*\n(?:ok .*\n)+9 passed, 0 failed\n$/m

describe('npm run soak', () => {
  it('npm run soak ends by itself with code 0 and prints a verdict', async () => {
    const { output, code } = await soak(['--minutes', SHORT]).ended
    expect(output).toMatch(HELD)
    expect(code).toBe(0)
  })

  itWithNative('npm run soak loses and leaks nothing with the native engine either', async () => {
    const { output, code } = await soak(['--minutes', SHORT, '--engine', 'native']).ended
    expect(output).toMatch(/ over native, /)
    expect(output).toMatch(HELD)
    expect(code).toBe(0)
  })

  it.each([
    ['descriptors', ['servers: descriptors', 'counters, and what is left after the last shutdown']],
    ['heap', ['servers: heap']],
    ['byte', ['bytes and datagrams']],
    ['datagram', ['bytes and datagrams']],
    ['twice', ['events, content, promises, processes']],
  ])('npm run soak ends with code 1 after the fault: %s', async (fault, rows) => {
    const outcome = await soak(['--minutes', SHORT, '--only', 'tcp,unixgram'], broken(fault)).ended
    expect(failing(outcome)).toEqual(expect.arrayContaining(rows))
    expect(outcome.code).toBe(1)
  })

  it('npm run soak ends with the verdict so far on SIGINT', async () => {
    const program = soak(['--minutes', '60', '--only', 'tcp'])
    // It judges at least one stream.
    await program.until(/ [1-9]\d* with everything/)
    program.kill('SIGINT')
    const { code, output } = await program.ended
    expect(output).toMatch(HELD)
    expect(code).toBe(0)
  })
})

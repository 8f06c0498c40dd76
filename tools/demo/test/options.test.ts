import { afterEach, describe, expect, it } from '@jest/globals'
import { endPrograms, startProgram } from './program.js'

afterEach(endPrograms)

describe('--help', () => {
  it('--help names every option and leaves with 0', async () => {
    const { code, stdout, stderr } = await startProgram(['--help']).ended
    for (const option of [
      '--once',
      '--host',
      '--port',
      '--tls-port',
      '--path',
      '--connections',
      '--messages',
      '--timeout',
      '--help',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${option} `, 'm'))
    }
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })
})

describe('options', () => {
  it.each([
    [['--nope'], "unknown option '--nope'"],
    [['extra'], 'too many arguments'],
    [['--port'], "option '--port <number>' argument missing"],
    [['--port', '65536'], "argument '65536' is invalid. Expected a whole number from 0 to 65535."],
    [['--tls-port', '1e3'], "argument '1e3' is invalid"],
    [['--once', '--messages', '0'], "argument '0' is invalid. Expected a whole number from 1 to"],
    [['--once', '--connections', '-1'], "argument '-1' is invalid"],
    [['--messages', '5'], "option '--messages' needs '--once'"],
  ])('options %j are refused with a sentence and code 2', async (args, sentence) => {
    const { code, stdout, stderr } = await startProgram(args).ended
    expect(stderr).toContain(sentence)
    expect(stderr).toContain('--help')
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
})

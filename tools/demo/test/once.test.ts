import { afterEach, describe, expect, it } from '@jest/globals'
import { endPrograms, startProgram, startWithHandler } from './program.js'

afterEach(endPrograms)

const SMALL = ['--once', '--connections', '3', '--messages', '30']

/** The cells of a row of the table. */
const cells = (stdout: string, transport: string): string[] =>
  (stdout.split('\n').find((line) => line.startsWith(`${transport} `)) ?? '').split(/ {2,}/)

describe('--once', () => {
  it('--once prints a row per transport and leaves with 0 when every byte came back', async () => {
    const { code, stdout, stderr } = await startProgram(SMALL).ended

    expect(stderr).toBe('')
    for (const [transport, address] of [
      ['tcp', /^127\.0\.0\.1:\d+$/],
      ['tls', /^127\.0\.0\.1:\d+$/],
      ['udp', /^127\.0\.0\.1:\d+$/],
      ['unix', /\/echo\.sock$/],
      ['unixgram', /\/datagrams\.sock$/],
    ] as const) {
      expect(cells(stdout, transport)).toEqual([
        transport,
        expect.stringMatching(address),
        '90',
        expect.stringMatching(/ kB$/),
        expect.stringMatching(/B\/s$/),
        // A datagram server has one socket, whoever talks to it.
        `${['udp', 'unixgram'].includes(transport) ? 1 : 3} idle, 0 drained, 0 forced`,
        'ok',
      ])
    }
    expect(code).toBe(0)
  })

  it('--once runs over IPv6 too', async () => {
    const { code, stdout } = await startProgram([...SMALL, '--host', '::1']).ended
    expect(cells(stdout, 'tls')[1]).toMatch(/^\[::1\]:\d+$/)
    expect(code).toBe(0)
  })

  it('--once finds its way to servers on all addresses', async () => {
    const { code, stdout } = await startProgram([...SMALL, '--host', '0.0.0.0']).ended
    expect(cells(stdout, 'tcp')[1]).toMatch(/^0\.0\.0\.0:\d+$/)
    expect(code).toBe(0)
  })

  it('--once leaves with 1 when a byte was changed', async () => {
    const corrupting = `async (channel) => {
      let position = 0
      for await (const chunk of channel) {
        position += chunk.length
        if (position > 1000) chunk[0] ^= 1
        await channel.write(chunk)
      }
    }`
    const { code, stdout } = await startWithHandler(corrupting, SMALL).ended

    for (const transport of ['tcp', 'tls', 'unix']) {
      expect(cells(stdout, transport).at(-1)).toMatch(/^\d+ lost, 3 different, 0 forced$/)
      expect(stdout).toMatch(
        new RegExp(`^${transport}: client \\d+, message \\d+: the answer differs from what was sent$`, 'm'),
      )
    }
    expect(stdout).not.toContain('Every byte came back')
    expect(code).toBe(1)
  })

  it('--once leaves with 1 when a byte was dropped', async () => {
    const dropping = `async (channel) => {
      for await (const chunk of channel) await channel.write(channel.transport === 'tcp' ? chunk.subarray(1) : chunk)
    }`
    const { code, stdout } = await startWithHandler(dropping, [...SMALL, '--timeout', '1']).ended
    // The answer is shifted by a byte as soon as it is not complete.
    expect(cells(stdout, 'tcp').at(-1)).toBe('87 lost, 3 different, 0 forced')
    expect(cells(stdout, 'unix').at(-1)).toBe('ok')
    expect(code).toBe(1)
  })

  it('--once leaves with 1 when the end of an answer never comes', async () => {
    const cutting = `async (channel) => {
      for await (const chunk of channel) await channel.write(channel.transport === 'unix' ? chunk.subarray(0, -1) : chunk)
    }`
    const { code, stdout } = await startWithHandler(cutting, [...SMALL, '--timeout', '1']).ended
    expect(cells(stdout, 'unix').at(-1)).toBe('90 lost, 0 different, 0 forced')
    expect(stdout).toContain('unix: client 0, message 0: no answer in time\n')
    expect(code).toBe(1)
  })

  it('--once leaves with 1 when the server closes too early', async () => {
    const reading = `async (channel) => { await channel.read() }`
    const { code, stdout } = await startWithHandler(reading, SMALL).ended
    expect(cells(stdout, 'tcp').at(-1)).toBe('90 lost, 0 different, 0 forced')
    expect(stdout).toContain('tcp: client 0, message 0: the server ended first\n')
    expect(code).toBe(1)
  })

  it('--once leaves with 1 when more came back than was sent', async () => {
    const chatty = `async (channel) => {
      for await (const chunk of channel) await channel.write(chunk)
      await channel.write('bye')
    }`
    const { code, stdout } = await startWithHandler(chatty, SMALL).ended
    expect(cells(stdout, 'tcp').at(-1)).toBe('0 lost, 3 different, 0 forced')
    expect(stdout).toContain('tcp: more came back than was sent\n')
    expect(code).toBe(1)
  })

  it('--once leaves with 1 when the shutdown had to force a handler', async () => {
    const stubborn = `async (channel) => {
      for await (const chunk of channel) await channel.write(chunk)
      await new Promise(() => {})
    }`
    const { code, stdout } = await startWithHandler(stubborn, SMALL).ended
    expect(cells(stdout, 'tcp').slice(-2)).toEqual([
      '0 idle, 0 drained, 3 forced',
      '0 lost, 0 different, 3 forced',
    ])
    expect(code).toBe(1)
  })

  it('--once ends early on SIGINT, and says that it was interrupted', async () => {
    const saying = `async (channel) => {
      console.log('connected')
      for await (const chunk of channel);
    }`
    const program = startWithHandler(saying, SMALL)
    await program.until(/connected/)
    program.kill('SIGINT')
    const { code, stdout } = await program.ended
    expect(stdout).toContain('tcp: client 0, message 0: interrupted\n')
    expect(code).toBe(130)
  })
})

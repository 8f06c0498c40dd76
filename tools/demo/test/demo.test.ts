import { connectTcp } from '@sock/tcp'
import { connectUnix, type Connection } from '@sock/unix'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { endPrograms, startProgram, startWithHandler, type Program } from './program.js'

let folder: string
const open: AsyncDisposable[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
})

afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  await endPrograms()
  await rm(folder, { recursive: true })
})

/** Starts the program, with everything temporary in `folder`. */
const start = (...args: string[]): Program => startProgram(args, { TMPDIR: folder })

async function introductionOf(program: Program): Promise<string> {
  const [introduction] = await program.until(/^[^]*\nunixgram on [^]*\.client'\n\n/)
  return introduction
}

const addressOf = (introduction: string, transport: string): string =>
  new RegExp(`^${transport} on (.*)$`, 'm').exec(introduction)?.[1] ?? ''

async function connectAndEcho(connecting: Promise<Connection>): Promise<Connection> {
  const connection = await connecting
  open.push({ [Symbol.asyncDispose]: async () => connection.destroy() })
  await connection.write('hello')
  expect(String(await connection.read())).toBe('hello')
  return connection
}

describe('npm start', () => {
  it('prints the address of each transport and a command that talks to it, and says who connects', async () => {
    const program = start()
    const text = await introductionOf(program)
    expect(text).toMatch(/^tcp on 127\.0\.0\.1:(\d+)\n {2}nc 127\.0\.0\.1 \1$/m)
    expect(text).toMatch(/^udp on 127\.0\.0\.1:(\d+)\n {2}nc -u 127\.0\.0\.1 \1$/m)
    expect(text).toMatch(/^unix on (\S+)\n {2}socat - 'UNIX-CONNECT:\1'$/m)
    expect(text).toMatch(/^unixgram on (\S+)\n {2}socat - 'UNIX-SENDTO:\1,bind=\1\.client'$/m)
    const [, file = ''] =
      /^tls on (?:127\.0\.0\.1:\d+)\n {2}openssl s_client .*-CAfile '(.*)' /m.exec(text) ?? []
    await connectAndEcho(connectTcp(addressOf(text, 'tcp')) as Promise<Connection<never, never>>)
    const tls = { ca: await readFile(file) }
    await connectAndEcho(connectTcp(addressOf(text, 'tls'), { tls }) as Promise<Connection<never, never>>)
    await connectAndEcho(connectUnix(addressOf(text, 'unix')))
    for (const name of ['tcp', 'tls', 'unix']) {
      await program.until(new RegExp(`^${name}: connection \\d+ from `, 'm'))
    }
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'shuts down gracefully on %s, and leaves nothing',
    async (signal) => {
      const program = start()
      const connection = await connectAndEcho(connectUnix(addressOf(await introductionOf(program), 'unix')))
      program.kill(signal)
      expect(await connection.read()).toBeNull()
      await connection.close()
      const { code, stdout, stderr } = await program.ended
      expect(stdout).toMatch(/^unix {6}1 idle, 0 drained, 0 forced$/m)
      expect([code, stderr]).toEqual([0, ''])
      expect(await readdir(folder)).toEqual([])
    },
  )

  it('waits for a busy connection, and cuts it off on a second SIGINT', async () => {
    const program = start()
    const connection = await connectAndEcho(connectUnix(addressOf(await introductionOf(program), 'unix')))
    const chunk = Buffer.alloc(1024 * 1024)
    while (!connection.writableNeedDrain) void connection.write(chunk)
    program.kill('SIGINT')
    await program.until(/Shutting down/)
    // Signals that come within a quarter of a second count as one; the program ends by the first that does not.
    const again = setInterval(() => program.kill('SIGINT'), 100)
    await program.until(/^unix {6}0 idle, 0 drained, 1 forced$/m)
    clearInterval(again)
    expect((await program.ended).code).toBe(130)
    expect(await readdir(folder)).toEqual([])
  })

  it('shuts down gracefully when nobody reads its output any more', async () => {
    const program = start()
    const path = addressOf(await introductionOf(program), 'unix')
    program.hangUp()
    // Something new to print.
    const connection = await connectAndEcho(connectUnix(path))
    expect(await connection.read()).toBeNull()
    await connection.close()
    expect((await program.ended).code).toBe(0)
    expect(existsSync(dirname(path))).toBe(false)
  })

  it('names an address that is in use and the option for another, and serves nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    open.push(other)
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const { code, stdout, stderr } = await start('--tls-port', String(port)).ended
    expect(stderr).toMatch(new RegExp(`^Cannot serve tls: .*127\\.0\\.0\\.1:${port}`))
    expect(stderr).toContain('Choose another address with --tls-port or --host.')
    expect([code, stdout]).toEqual([1, ''])
    expect(await readdir(folder)).toEqual([])
  })

  it.each([
    [['--nope'], "unknown option '--nope'"],
    [['extra'], 'too many arguments'],
    [['--port'], "option '--port <number>' argument missing"],
    [['--port', '65536'], "argument '65536' is invalid. Expected a whole number from 0 to 65535."],
  ])('refuses options %j with a sentence and code 2', async (args, sentence) => {
    const { code, stdout, stderr } = await start(...args).ended
    expect(stderr).toContain(sentence)
    expect(stderr).toContain('--help')
    expect([code, stdout]).toEqual([2, ''])
  })

  it('shows each option with --help', async () => {
    const { code, stdout } = await start('--help').ended
    for (const option of [
      '--once',
      '--host',
      '--port',
      '--tls-port',
      '--udp-port',
      '--path',
      '--datagram-path',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${option} `, 'm'))
    }
    expect(code).toBe(0)
  })
})

describe('npm start -- --once', () => {
  it.each([[[]], [['--host', '::1']], [['--host', '0.0.0.0']]])(
    'says with %j that every byte came back',
    async (args) => {
      const { code, stdout, stderr } = await start('--once', ...args).ended
      for (const name of ['tcp', 'tls', 'udp', 'unix', 'unixgram']) {
        expect(stdout).toMatch(new RegExp(`^${name} .*every byte came back`, 'm'))
      }
      expect([code, stderr]).toEqual([0, ''])
    },
  )

  it.each([
    [
      'changes a byte',
      'for await (const data of channel) { data[0] ^= 1; await channel.write(data) }',
      /differs/,
    ],
    [
      'closes too early',
      'for await (const data of channel) { if (channel.transport === "tcp") return; await channel.write(data) }',
      /the server closed first|CLOSED|RESET|reset|lost/i,
    ],
  ])('leaves with 1 when a handler %s', async (_, body, problem) => {
    const { code, stdout } = await startWithHandler(`async (channel) => { ${body} }`, ['--once']).ended
    expect(/^tcp .*$/m.exec(stdout)?.[0]).toMatch(problem)
    expect(code).toBe(1)
  })

  it('ends early on SIGINT, and says that it was interrupted', async () => {
    const silent = `async (channel) => { console.log('connected'); for await (const _ of channel); }`
    const program = startWithHandler(silent, ['--once'])
    await program.until(/connected/)
    program.kill('SIGINT')
    const { code, stdout } = await program.ended
    expect(stdout).toMatch(/^tcp .*interrupted$/m)
    expect(code).toBe(130)
  })
})

import { connectTcp, type Connection } from '@sock/tcp'
import { connectUnix } from '@sock/unix'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { endPrograms, startProgram, type Program } from './program.js'

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

/** Starts serving, with everything temporary in `folder`. */
const serve = (...args: string[]): Program => startProgram(args, { TMPDIR: folder })

async function addressOf(program: Program, transport: string): Promise<string> {
  // The whole introduction must be there: its last line ends with the first live line.
  const [introduction] = await program.until(/^[^]*\n0 open[^\n]*\n/)
  return new RegExp(`^${transport} on (.*)$`, 'm').exec(introduction)?.[1] ?? ''
}

async function connectAndEcho(connecting: Promise<Connection>): Promise<Connection> {
  const connection = await connecting
  open.push({ [Symbol.asyncDispose]: async () => connection.destroy() })
  await connection.write('hello')
  expect(String(await connection.read())).toBe('hello')
  return connection
}

/** Sends without reading, until the echo has no place to go. */
async function stall(connection: Connection): Promise<void> {
  const chunk = Buffer.alloc(1024 * 1024)
  while (!connection.writableNeedDrain) void connection.write(chunk)
}

describe('live', () => {
  it('live prints the address of each transport, and a line that talks to it', async () => {
    const program = serve()
    const [introduction] = await program.until(/^[^]*\n0 open[^\n]*\n/)
    const [, tcp, tls, udp, unix, unixgram] = introduction.split('\n\n')
    const port = /:(\d+)$/m

    expect(tcp).toBe(
      `tcp on 127.0.0.1:${port.exec(tcp ?? '')?.[1]}\n  nc 127.0.0.1 ${port.exec(tcp ?? '')?.[1]}`,
    )
    expect(tls).toMatch(
      /^tls on (127\.0\.0\.1:\d+)\n {2}openssl s_client -connect \1 -CAfile \S+\.pem -verify_return_error -quiet$/,
    )
    expect(udp).toMatch(/^udp on 127\.0\.0\.1:(\d+)\n {2}nc -u 127\.0\.0\.1 \1$/)
    expect(unix).toMatch(/^unix on (\S+)\n {2}socat - UNIX-CONNECT:\1$/)
    expect(unixgram).toMatch(/^unixgram on (\S+)\n {2}socat - UNIX-SENDTO:\1,bind=\1\.client$/)
  })

  it('live echoes on every transport, and prints what goes on', async () => {
    const program = serve()
    const file = /-CAfile (\S+)/.exec((await program.until(/^[^]*-CAfile \S+ /))[0])?.[1] ?? ''
    const tls = { ca: await readFile(file) }
    await connectAndEcho(connectTcp(await addressOf(program, 'tcp')))
    await connectAndEcho(connectTcp(await addressOf(program, 'tls'), { tls }))
    await connectAndEcho(connectUnix(await addressOf(program, 'unix')))
    await program.until(/^3 open, \d+ messages\/s, \d+ B\/s$/m)
  })

  it('live ends in good order on SIGINT: report, code 0, nothing left', async () => {
    const program = serve()
    const connection = await connectAndEcho(connectTcp(await addressOf(program, 'tcp')))
    program.kill('SIGINT')

    expect(await connection.read()).toBeNull()
    await connection.close()
    const { code, stdout, stderr } = await program.ended
    expect(stdout).toMatch(
      /\ntcp {7}1 idle, 0 drained, 0 forced\ntls {7}0 idle, .*\nudp {7}1 idle, .*\nunix {6}0 idle, .*\nunixgram {2}1 idle, .*\n$/,
    )
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(await readdir(folder)).toEqual([])
  })

  it('live ends in good order on SIGTERM', async () => {
    const program = serve()
    await addressOf(program, 'tcp')
    program.kill('SIGTERM')
    const { code, stdout } = await program.ended
    expect(stdout).toContain('unix      0 idle, 0 drained, 0 forced\n')
    expect(code).toBe(0)
  })

  it('live takes two signals of one keystroke for one, as npm sends them', async () => {
    const program = serve()
    const connection = await connectAndEcho(connectTcp(await addressOf(program, 'tcp')))
    program.kill('SIGINT')
    // Another one: the system may merge two of a kind.
    program.kill('SIGTERM')
    expect(await connection.read()).toBeNull()
    await connection.close()
    const { code, stdout } = await program.ended
    expect(stdout).toContain('tcp       1 idle, 0 drained, 0 forced\n')
    expect(code).toBe(0)
  })

  it('live waits for a busy connection, and cuts it off on a second SIGINT', async () => {
    const path = join(folder, 'app.sock')
    const program = serve('--path', path)
    await addressOf(program, 'unix')
    await stall(await connectAndEcho(connectUnix(path)))
    program.kill('SIGINT')
    await program.until(/Waiting for 1 busy connection, Ctrl-C again closes at once/)
    program.kill('SIGINT')

    const { code, stdout } = await program.ended
    expect(stdout).toContain('unix      0 idle, 0 drained, 1 forced\n')
    expect(code).toBe(130)
    expect(existsSync(path)).toBe(false)
    expect(await readdir(folder)).toEqual([])
  })

  it('live ends in good order when nobody reads its output any more', async () => {
    const program = serve()
    const path = await addressOf(program, 'unix')
    program.hangUp()
    // Something new to say, which finds nobody.
    const connection = await connectAndEcho(connectUnix(path))
    expect(await connection.read()).toBeNull()
    await connection.close()
    expect((await program.ended).code).toBe(0)
    expect(existsSync(dirname(path))).toBe(false)
  })

  it('live prints plain lines where there is no terminal', async () => {
    const program = serve()
    await connectAndEcho(connectUnix(await addressOf(program, 'unix')))
    await program.until(/^1 open/m)
    program.kill('SIGINT')
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect((await program.ended).stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F]/)
  })
})

describe('an address that cannot be had', () => {
  it('a port in use is named, the others are shut down, code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    open.push(other)
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo

    const { code, stdout, stderr } = await serve('--tls-port', String(port)).ended
    expect(stderr).toBe(
      `Cannot serve tls: 127.0.0.1:${port} is in use. Stop the program that listens there, or choose another address ` +
        'with --tls-port or --host.\n',
    )
    expect(stdout).toBe('')
    expect(code).toBe(1)
    expect(await readdir(folder)).toEqual([])
  })

  it('a socket in use is named, and stays untouched', async () => {
    const path = join(folder, 'app.sock')
    const first = serve('--path', path)
    await addressOf(first, 'unix')

    const { code, stderr } = await serve('--path', path).ended
    expect(stderr).toContain(`Cannot serve unix: ${path} is in use.`)
    expect(stderr).toContain('--path')
    expect(code).toBe(1)
    await connectAndEcho(connectUnix(path))
  })

  it('a folder that does not exist is named', async () => {
    const path = join(folder, 'missing', 'app.sock')
    const { code, stderr } = await serve('--path', path).ended
    expect(stderr).toMatch(
      /^Cannot serve unix on .*missing\/app\.sock: .*ENOENT.* Choose another address with --path\.$/m,
    )
    expect(code).toBe(1)
  })

  it('a host that is none is named', async () => {
    const { code, stderr } = await serve('--host', 'not a host').ended
    expect(stderr).toMatch(/^Cannot serve tcp on not a host:0: .*"not a host" is neither/)
    expect(code).toBe(1)
  })
})

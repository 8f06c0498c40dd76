import { afterEach, describe, expect, it } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Channel } from '@sock/core'
import { engine as native } from '@sock/native'
import { connectTcp } from '@sock/tcp'
import { createFolder } from '@sock/tools/folder'
import { start, type Program } from '@sock/tools/processes'
import { connectUnix } from '@sock/unix'

const fileOf = (name: string): string => fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url))
const folder = createFolder('demo-test')
const unixgram = fileURLToPath(new URL('../../../packages/unixgram', import.meta.url))
/** The transports in the order of the demo. Without a compiler, unixgram is left out. */
const served = [
  'tcp',
  'tls',
  'unix',
  'udp',
  ...(native.available || existsSync(join(unixgram, 'node_modules/unix-dgram')) ? ['unixgram'] : []),
]
const programs: Program[] = []

afterEach(async () => {
  for (const program of programs) program.kill('SIGTERM')
  for (const { ended } of programs.splice(0)) await ended
  expect(readdirSync(folder.path)).toEqual([])
})

/** Starts a program, with everything temporary in `folder`. */
function startWith(command: string, ...args: string[]): Program {
  const program = start(command, args, { env: { ...process.env, TMPDIR: folder.path } })
  programs.push(program)
  return program
}
const demo = (...args: string[]): Program => startWith(process.execPath, fileOf('main'), ...args)

/** `--once` with another handler, given as the source of what it does with `data`. */
function onceWith(body: string): Program {
  const handler = `async (channel) => { for await (const data of channel) { ${body} } }`
  const script = `import { run } from '${fileOf('run')}'; process.exitCode = await run(['--once'], ${handler})`
  return startWith(process.execPath, '--input-type=module', '--eval', script)
}

/** `--once` where some native modules are missing. @param hidden what the module loader must not find */
function onceWithout(...hidden: string[]): Program {
  const script = `
    import Module from 'node:module'
    const resolve = Module._resolveFilename
    Module._resolveFilename = (id, ...rest) => {
      if (!${JSON.stringify(hidden)}.some((name) => id.includes(name))) return resolve(id, ...rest)
      throw Object.assign(new Error('hidden'), { code: 'MODULE_NOT_FOUND' })
    }
    const { run } = await import('${fileOf('run')}')
    process.exitCode = await run(['--once'])`
  return startWith(process.execPath, '--input-type=module', '--eval', script)
}

/** The address of a transport, once the demo has printed all of them. */
async function addressOf(program: Program, name: string): Promise<string> {
  await program.until(new RegExp(`^${served.at(-1)} on [^]*\\n\\n`, 'm'))
  return new RegExp(`^${name} on (.*)$`, 'm').exec(program.output)?.[1] ?? ''
}

async function talk<C extends Channel>(connecting: Promise<C>): Promise<C> {
  const connection = await connecting
  await connection.write('hello')
  expect(String(await connection.read())).toBe('hello')
  return connection
}

describe('npm start', () => {
  it('prints an address and a command for each transport, says who connects, and shuts down on SIGINT', async () => {
    const program = demo()
    const unix = await talk(connectUnix(await addressOf(program, 'unix')))
    const [, file = ''] = /^ {2}openssl s_client .*-CAfile '(.*)' /m.exec(program.output) ?? []
    const tls = { ca: readFileSync(file) }
    const secure = await talk(connectTcp(await addressOf(program, 'tls'), { tls }))
    await program.until(/^unix: connection of a client: new/m)
    program.kill('SIGINT')
    for (const connection of [secure, unix]) {
      expect(await connection.read()).toBeNull()
      await connection.close()
    }
    const { code, output } = await program.ended
    expect(output).toMatch(/^tcp on 127\.0\.0\.1:(\d+)\n {2}nc 127\.0\.0\.1 \1$/m)
    expect(output).toMatch(/^udp on 127\.0\.0\.1:(\d+)\n {2}nc -u 127\.0\.0\.1 \1$/m)
    expect(output).toMatch(/^unix on (\S+)\n {2}socat - 'UNIX-CONNECT:\1'$/m)
    if (served.includes('unixgram'))
      expect(output).toMatch(/^unixgram on (\S+).*\n {2}socat - 'UNIX-SENDTO:\1,bind=\1\.client'$/m)
    expect([code, output]).toEqual([0, expect.stringMatching(/^unix: Closed unix: 1 idle, /m)])
  })

  it('waits for a busy connection, and cuts it off on a second signal', async () => {
    const program = demo()
    const connection = await talk(connectUnix(await addressOf(program, 'unix')))
    while (!connection.writableNeedDrain) connection.write(Buffer.alloc(1024 * 1024)).catch(() => {})
    program.kill('SIGTERM')
    await program.until(/Shutting down/)
    // Signals that come within a quarter of a second count as one; the program ends by the first that does not.
    const again = setInterval(() => program.kill('SIGINT'), 100)
    await program.until(/^unix: Closed unix: 0 idle, 0 drained, 1 forced$/m)
    clearInterval(again)
    expect((await program.ended).code).toBe(130)
    connection.destroy()
  })

  it('shuts down gracefully when nobody reads its output any more', async () => {
    // `sed` reads no further than all that the demo prints by itself.
    const script = `{ "$0" "$1"; echo "ended with $?" >&2; } | sed '/^${served.at(-1)} on/{n;n;q;}'`
    const program = startWith('sh', '-c', script, process.execPath, fileOf('main'))
    // The demo prints a line about this connection, and finds out.
    const connection = await connectTcp(await addressOf(program, 'tcp'))
    expect((await program.ended).output).toMatch(/^ended with 0$/m)
    connection.destroy()
  })

  it.each([
    ['an address of another machine', ['--host', '192.0.2.1'], 1, /^Cannot listen on "192\.0\.2\.1:0".*\n$/],
    ['an unknown option', ['--nope'], 2, /unknown option '--nope'[^]*--help/],
  ])('refuses %s with a sentence', async (_what, args, exitCode, sentence) => {
    const { code, output } = await demo(...args).ended
    expect([code, output]).toEqual([exitCode, expect.stringMatching(sentence)])
  })
})

describe('npm start -- --once', () => {
  it.each(['127.0.0.1', '::1', '0.0.0.0'])('says on %s that every byte came back', async (host) => {
    const { code, output } = await demo('--once', '--host', host).ended
    expect([code, output.match(/every byte came back/g)?.length]).toEqual([0, served.length])
  })

  const title = 'runs unixgram with @sock/native where unix-dgram was not built, and says so'
  const itWithEngine = native.available ? it : it.skip
  itWithEngine(native.available ? title : `${title} (skipped: it needs a C compiler)`, async () => {
    const { code, output } = await onceWithout('unix-dgram').ended
    expect([code, output.match(/every byte came back/g)?.length]).toEqual([0, 5])
    expect(output).toMatch(
      /^unixgram .* every byte came back \(with @sock\/native: unix-dgram was not built\)$/m,
    )
  })

  it('leaves out unixgram where nothing was built, says why, and runs the others', async () => {
    const { code, output } = await onceWithout('unix-dgram', 'sock_native', '@sock/native-').ended
    expect([code, output.match(/every byte came back/g)?.length]).toEqual([0, 4])
    expect(output).toMatch(/^unixgram +left out: it needs unix-dgram or @sock\/native, .*README\.md/m)
  })

  it.each([
    ['changes a byte', 'data[0] ^= 1; await channel.write(data)'],
    ['closes too early', 'return'],
  ])('leaves with 1 when a handler %s', async (_what, body) => {
    const program = onceWith(`if (channel.transport === 'tcp') { ${body} } else await channel.write(data)`)
    const { code, output } = await program.ended
    expect([code, output]).toEqual([1, expect.stringMatching(/^tcp .*(differs|reset)/im)])
  })

  it('ends early on SIGINT, and says that it was interrupted', async () => {
    // Leaves no client with an answer, however late the signal arrives: each waits until it is cut off.
    const never = "new Promise((resolve) => channel.signal.addEventListener('abort', resolve))"
    const program = onceWith(`console.log('silent'); await ${never}; return`)
    await program.until(/silent/)
    program.kill('SIGINT')
    const { code, output } = await program.ended
    expect([code, output]).toEqual([130, expect.stringMatching(/^tcp .*aborted$/m)])
  })
})

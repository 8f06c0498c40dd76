import { describe, expect, it } from '@jest/globals'
import { exchange } from '@sock/core'
import { engine } from '@sock/native'
import { echo } from '@sock/testing'
import { expectHere } from '@sock/test-support/errors'
import { rejection } from '@sock/test-support/wait'
import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs'
import * as unix from '../src/index.js'
import { describeNative, engines } from './support/engines.js'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip

const freeName = (): string => `@unix-test-${randomBytes(6).toString('hex')}`

describe('createUnixServer', () => {
  it('listen() resolves with the address, whose file is a socket until the server is closed', async () => {
    const server = scratch.server()
    const path = scratch.path()
    const address = await server.listen(path)
    expect(address).toMatchObject({ family: 'unix', path })
    expect(String(address)).toBe(path)
    expect(server.address).toBe(address)
    expect(server.state).toBe('listening')
    expect(lstatSync(path).isSocket()).toBe(true)
    expect(scratch.names()).toEqual(['app.sock'])
    await server.close()
    expect(scratch.names()).toEqual([])
    expect(server.address).toBeUndefined()
  })

  it('a handler sees the path as local address, and no remote address', async () => {
    const seen: unknown[] = []
    const server = scratch.server((connection) => {
      const { transport, secure, localAddress, remoteAddress } = connection
      seen.push({ transport, secure, local: String(localAddress), remote: remoteAddress })
    })
    const path = scratch.path()
    await server.listen(path)
    await ask(await scratch.connect(path), 'x')
    expect(seen).toEqual([{ transport: 'unix', secure: false, local: path, remote: undefined }])
  })

  it('listen() starts again on the same path after close, 50 times', async () => {
    const server = scratch.server()
    const path = scratch.path()
    for (let run = 0; run < 50; run++) {
      await server.listen(path)
      expect(await ask(await scratch.connect(path), `run ${run}`)).toBe(`run ${run}`)
      await server.close()
      expect(existsSync(path)).toBe(false)
    }
    expect(server.stats().accepted).toBe(50)
  })

  it('listen() works on another server as soon as shutdown of the first has begun', async () => {
    const first = scratch.server()
    const second = scratch.server(async (connection) => connection.write('second'))
    const path = scratch.path()
    await first.listen(path)
    const stopped = first.shutdown()
    await second.listen(path)
    await stopped
    expect(await ask(await scratch.connect(path), '')).toBe('second')
  })

  it('listen() twice at once lets the first go on', async () => {
    const server = scratch.server()
    const first = server.listen(scratch.path())
    const error = await rejection(server.listen(scratch.path('other.sock')))
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    await first
    expect(scratch.names()).toEqual(['app.sock'])
  })
})

describe('createUnixServer with a relative path', () => {
  it('close() removes the file although the process went to another folder', async () => {
    const child = scratch.child(async ({ createUnixServer, fs }, folder) => {
      process.chdir(folder)
      const server = createUnixServer({ open: () => undefined })
      await server.listen('app.sock')
      const before = fs.readdirSync(folder)
      process.chdir('/')
      await server.close()
      return { before, after: fs.readdirSync(folder) }
    }, scratch.folder)
    expect(await child.result).toEqual({ before: ['app.sock'], after: [] })
  })

  it('listen() makes the file where the process was when it was called', async () => {
    const child = scratch.child(async ({ createUnixServer, fs }, folder) => {
      fs.mkdirSync(`${folder}/first`)
      fs.mkdirSync(`${folder}/second`)
      process.chdir(`${folder}/first`)
      const server = createUnixServer({ open: () => undefined })
      const listening = server.listen('./app.sock')
      process.chdir('../second')
      await listening
      const look = (): string[][] => ['first', 'second'].map((name) => fs.readdirSync(`${folder}/${name}`))
      const before = look()
      await server.close()
      return { before, after: look() }
    }, scratch.folder)
    scratch.own('first')
    scratch.own('second')
    expect(await child.result).toEqual({ before: [['app.sock'], []], after: [[], []] })
  })

  it('listen() replaces a dead socket though the whole path is longer than a socket address', async () => {
    const child = scratch.child(async ({ createUnixServer, connectUnix, fs, net }, folder) => {
      const deep = `${folder}/${'d'.repeat(120)}`
      fs.mkdirSync(deep)
      process.chdir(deep)
      const dead = net.createServer()
      await new Promise<void>((resolve) => dead.listen('dead', resolve))
      fs.linkSync('dead', 'app.sock')
      await new Promise((resolve) => dead.close(resolve))

      const server = createUnixServer({ open: () => undefined })
      await server.listen('app.sock')
      const client = await connectUnix('app.sock')
      client.destroy()
      await server.close()
      const left = fs.readdirSync(deep)
      fs.rmSync(deep, { recursive: true })
      return left
    }, scratch.folder)
    expect(await child.result).toEqual([])
  })
})

describeOnLinux('createUnixServer with an abstract name', () => {
  it('listen() on an abstract name serves it, and makes no file', async () => {
    const name = freeName()
    const locals: string[] = []
    const server = scratch.server(async (connection) => {
      locals.push(String(connection.localAddress))
      for await (const chunk of connection) await connection.write(chunk)
    })
    const before = process.cwd()
    const address = await server.listen(name)
    expect(address).toMatchObject({ family: 'unix', path: name })
    expect(String(address)).toBe(name)
    expect(server.address).toBe(address)
    const client = await scratch.connect(name)
    expect(String(client.remoteAddress)).toBe(name)
    expect(await ask(client, 'no file')).toBe('no file')
    expect(locals).toEqual([name])
    expect([process.cwd(), scratch.names()]).toEqual([before, []])
  })

  it('listen() on an abstract name rejects with EADDRINUSE while another server has it (E12)', async () => {
    const name = freeName()
    const first = scratch.server()
    await first.listen(name)
    const second = scratch.server()
    expect(await rejection(second.listen(name))).toMatchObject({ code: 'EADDRINUSE' })
    expect(second.state).toBe('idle')
    expect(await ask(await scratch.connect(name), 'first')).toBe('first')
    await first.close()
    await second.listen(name)
    expect(await ask(await scratch.connect(name), 'second')).toBe('second')
  })

  it('listen() on an abstract name can be called again with the address, 20 times', async () => {
    const server = scratch.server()
    let address = await server.listen(freeName())
    for (let run = 0; run < 20; run++) {
      await server.close()
      address = await server.listen(address)
    }
    expect(await ask(await scratch.connect(address), 'again')).toBe('again')
  })

  it('listen() distinguishes abstract names of which one begins with the other', async () => {
    const name = freeName()
    await scratch.server(async (connection) => connection.write('short')).listen(name)
    await scratch.server(async (connection) => connection.write('long')).listen(`${name}-long`)
    expect(await ask(await scratch.connect(name), '')).toBe('short')
    expect(await ask(await scratch.connect(`${name}-long`), '')).toBe('long')
  })

  it('listen() takes an abstract name of the greatest length, and rejects a longer one', async () => {
    const name = freeName().padEnd(107, 'x')
    await scratch.server().listen(name)
    expect(await ask(await scratch.connect(name), 'long')).toBe('long')
    expect(await rejection(scratch.server().listen(`${name}x`))).toMatchObject({
      code: 'ERR_SOCK_PATH_TOO_LONG',
    })
  })

  it.each(['mode', 'uid', 'gid'])(
    'listen() rejects %s of an abstract name, since there is no file',
    async (key) => {
      const error = await rejection(scratch.server().listen({ path: freeName(), [key]: 0 }))
      expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
      expect(error.message).toContain('abstract name')
    },
  )

  it('shutdown() frees an abstract name', async () => {
    const name = freeName()
    const server = scratch.server()
    await server.listen(name)
    await server.shutdown()
    expect(await rejection(scratch.connect(name))).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('connectUnix() to an abstract name rejects with ECONNREFUSED without a server', async () => {
    expect(await rejection(scratch.connect(freeName()))).toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describeNative('createUnixServer with the native engine', () => {
  it('listen() with the native engine makes a socket file with its mode, and close() removes it', async () => {
    const path = scratch.path()
    const server = unix.createUnixServer(() => {}, { engine })
    await server.listen({ path, mode: 0o640 })
    expect(statSync(path).mode & 0o777).toBe(0o640)
    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  it('listen() with the native engine binds an abstract name exactly, on every Node', async () => {
    const name = freeName()
    const server = unix.createUnixServer((connection) => connection.write('x'), { engine })
    await server.listen(name)
    expect(String(await exchange(await unix.connectUnix(name, { engine }), ''))).toBe('x')
    // The kernel's list shows names with their length; one that is padded has NUL bytes, shown as "@".
    const lines = readFileSync('/proc/net/unix', 'latin1').split('\n')
    expect(lines.some((line) => line.endsWith(` ${name}`))).toBe(true)
    await server.close()
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`errors at the caller${name}`, () => {
    it('listen() in a folder that does not exist rejects with a message that says what to do, at the line of the call', async () => {
      const path = scratch.path('missing/app.sock')
      const error = await rejection(unix.createUnixServer(echo, options).listen(path))
      const message = `Cannot listen on "${path}": the folder does not exist (ENOENT). Create it, or choose another path`
      expectHere(error, 'ENOENT', message)
      expect(error).toMatchObject({ message, path })
      expect(error).not.toHaveProperty('cause')
    })

    it('listen() on a live socket, and on a path that is too long, rejects at the line of the call, also in an async function', async () => {
      await scratch.server().listen(scratch.path())
      const start = async (path: string): Promise<void> => {
        await Promise.resolve()
        await unix.createUnixServer(echo, options).listen(path)
      }
      const live = await rejection(start(scratch.path()))
      expectHere(
        live,
        'ERR_SOCK_PATH_IN_USE',
        `Cannot listen on "${scratch.path()}": the socket there is in use`,
      )
      expectHere(await rejection(start(`/tmp/${'x'.repeat(200)}`)), 'ERR_SOCK_PATH_TOO_LONG', '205 bytes')
    })

    it('createUnixServer() with a part of the target among its options throws that it belongs there', async () => {
      for (const key of ['mode', 'uid', 'gid']) {
        const make = async () => unix.createUnixServer(echo, { ...options, [key]: 0o600 })
        const message = `Unknown option "${key}" in createUnixServer options: it belongs to the target. Call listen({ path, ${key} })`
        expectHere(await rejection(make()), 'ERR_INVALID_ARG_VALUE', message)
      }
    })

    it('createUnixServer() with a wrong option throws at the line of the call', async () => {
      const make = async () => unix.createUnixServer(echo, { ...options, backlog: -1 })
      expectHere(await rejection(make()), 'ERR_OUT_OF_RANGE', 'Invalid "backlog"')
    })
  })
}

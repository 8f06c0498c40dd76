import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/tools/testing/wait'
import { existsSync, lstatSync } from 'node:fs'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('createUnixServer', () => {
  it('listen resolves with the address, whose file is a socket until the server is closed', async () => {
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

  it('handler sees the path as local address, and no remote address', async () => {
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

  it('listen starts again on the same path after close, 50 times', async () => {
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

  it('listen works on another server as soon as shutdown of the first has begun', async () => {
    const first = scratch.server()
    const second = scratch.server(async (connection) => connection.write('second'))
    const path = scratch.path()
    await first.listen(path)
    const stopped = first.shutdown()
    await second.listen(path)
    await stopped
    expect(await ask(await scratch.connect(path), '')).toBe('second')
  })

  it('listen while listening rejects, and disturbs nothing', async () => {
    const server = scratch.server()
    await server.listen(scratch.path())
    const error = await rejection(server.listen(scratch.path('other.sock')))
    expect(error).toMatchObject({
      code: 'ERR_SOCK_INVALID_STATE',
      message: 'Cannot listen: the server is listening. Call close() and await it before you listen again',
    })
    expect(scratch.names()).toEqual(['app.sock'])
    expect(await ask(await scratch.connect(scratch.path()), 'still here')).toBe('still here')
  })

  it('listen twice at once lets the first go on', async () => {
    const server = scratch.server()
    const first = server.listen(scratch.path())
    const error = await rejection(server.listen(scratch.path('other.sock')))
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    await first
    expect(scratch.names()).toEqual(['app.sock'])
  })

  it('listen with a signal that is aborted rejects with its reason, and makes no file', async () => {
    const server = scratch.server()
    const reason = new Error('not today')
    const error = await rejection(server.listen(scratch.path(), { signal: AbortSignal.abort(reason) }))
    expect(error).toBe(reason)
    expect(server.state).toBe('idle')
    expect(scratch.names()).toEqual([])
  })

  it('listen aborted while it starts rejects with the reason, and leaves no file', async () => {
    const server = scratch.server()
    const abort = new AbortController()
    const listening = server.listen(scratch.path(), { signal: abort.signal })
    const reason = new Error('changed my mind')
    abort.abort(reason)
    expect(await rejection(listening)).toBe(reason)
    expect(scratch.names()).toEqual([])
    expect(server.state).toBe('idle')
  })

  it('listen aborted later shuts the server down', async () => {
    const server = scratch.server()
    const abort = new AbortController()
    await server.listen(scratch.path(), { signal: abort.signal })
    abort.abort()
    expect(scratch.names()).toEqual([])
    await server.closed
    expect(server.state).toBe('closed')
  })

  it('close while it starts makes listen reject, and leaves no file', async () => {
    const server = scratch.server()
    const listening = rejection(server.listen(scratch.path()))
    await server.close()
    expect(await listening).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    expect(scratch.names()).toEqual([])
    await server.listen(scratch.path())
  })
})

describe('createUnixServer with a relative path', () => {
  it('close removes the file although the process went to another folder', async () => {
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

  it('listen makes the file where the process was when it was called', async () => {
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

  it('listen replaces a dead socket though the whole path is longer than a socket address', async () => {
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

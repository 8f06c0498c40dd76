import { describe, expect, it } from '@jest/globals'
import { NOBODY, itAsRoot } from '@sock/test-support/needs'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { ask, leaveDeadSocket, useScratch } from './support/scratch.js'

const scratch = useScratch()

const STOPS = ['close', 'shutdown'] as const

describe.each(STOPS)('%s', (stop) => {
  it(`${stop}() leaves a file at the place of ours (E6)`, async () => {
    const path = scratch.own()
    const server = scratch.server()
    await server.listen(path)
    unlinkSync(path)
    writeFileSync(path, 'not yours')
    await server[stop]()
    expect(readFileSync(path, 'utf8')).toBe('not yours')
  })

  it(`${stop}() leaves another live socket at the place of ours (E6)`, async () => {
    const path = scratch.path()
    const server = scratch.server()
    await server.listen(path)
    unlinkSync(path)
    const other = createServer((socket) => socket.end('other'))
    scratch.later(() => other.close())
    await new Promise<void>((resolve) => other.listen(path, resolve))
    await server[stop]()
    expect(await ask(await scratch.connect(path), '')).toBe('other')
  })

  it(`${stop}() leaves another dead socket that has come to the place of ours`, async () => {
    const path = scratch.own()
    const server = scratch.server()
    await server.listen(path)
    unlinkSync(path)
    await leaveDeadSocket(path)
    await server[stop]()
    expect(lstatSync(path).isSocket()).toBe(true)
  })

  it(`${stop}() leaves a symlink at the place of ours, and what it points to (E6)`, async () => {
    const path = scratch.own()
    const server = scratch.server()
    await server.listen(path)
    renameSync(path, scratch.own('moved.sock'))
    symlinkSync(scratch.path('moved.sock'), path)
    await server[stop]()
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(lstatSync(scratch.path('moved.sock')).isSocket()).toBe(true)
  })

  it(`${stop}() removes its file though it was moved away and back`, async () => {
    const path = scratch.path()
    const server = scratch.server()
    await server.listen(path)
    renameSync(path, scratch.path('moved.sock'))
    renameSync(scratch.path('moved.sock'), path)
    await server[stop]()
    expect(existsSync(path)).toBe(false)
  })

  it(`${stop}() accepts that the file is gone already (E7)`, async () => {
    const server = scratch.server()
    const errors: Error[] = []
    server.on('error', (error) => errors.push(error))
    await server.listen(scratch.path())
    unlinkSync(scratch.path())
    await server[stop]()
    expect(server.state).toBe('closed')
    expect(errors).toEqual([])
  })

  it(`${stop}() accepts that the folder is gone already (E7)`, async () => {
    const folder = scratch.path('folder')
    mkdirSync(folder)
    const server = scratch.server()
    const errors: Error[] = []
    server.on('error', (error) => errors.push(error))
    await server.listen(`${folder}/app.sock`)
    rmSync(folder, { recursive: true })
    await server[stop]()
    expect(server.state).toBe('closed')
    expect(errors).toEqual([])
  })

  it(`${stop}() does not remove the file of a successor that the same process has started in the meantime`, async () => {
    const path = scratch.path()
    const [first, second] = [scratch.server(), scratch.server()]
    for (let run = 0; run < 20; run++) {
      await first.listen(path)
      const stopped = first[stop]()
      await second.listen(path)
      await stopped
      expect(await ask(await scratch.connect(path), 'second')).toBe('second')
      await second.close()
    }
  })

  itAsRoot(`${stop}() reports a file that it may not remove any more, and ends all the same`, async () => {
    const child = scratch.child(
      async ({ createUnixServer, become }, path, method, uid) => {
        const server = createUnixServer({ open: () => undefined })
        const errors: unknown[] = []
        server.on('error', (error) => errors.push((error as NodeJS.ErrnoException).code))
        await server.listen(path)
        become(uid)
        await server[method as 'close']()
        return { errors, state: server.state }
      },
      scratch.own(),
      stop,
      NOBODY,
    )
    expect(await child.result).toEqual({ errors: ['EACCES'], state: 'closed' })
    expect(await child.exited).toBeUndefined()
  })

  it(`${stop}() of a server lets the process exit by itself`, async () => {
    const child = scratch.child(
      async ({ createUnixServer, connectUnix }, path, method) => {
        const server = createUnixServer(async (connection) => connection.write('hello'))
        await server.listen(path)
        const client = await connectUnix(path)
        const answer = String(await client.read())
        await client.close()
        await server[method as 'close']()
        return answer
      },
      scratch.path(),
      stop,
    )
    expect(await child.result).toBe('hello')
    expect(await child.exited).toBeUndefined()
  })
})

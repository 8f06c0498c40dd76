import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { existsSync, linkSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createSocketFile } from '../../src/lib/socket-file/stream-file.js'
import { parseUnixTarget } from '../../src/lib/address/unix-target.js'

let folder: string
let path: string
const open: { close(): Promise<void> }[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-'))
  path = join(folder, 'app.sock')
})

afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Binds a path, as an engine does. */
async function bind(at: string): Promise<{ boundAt: string; closed: boolean; close(): Promise<void> }> {
  const server = createServer((socket) => socket.end('hello'))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(at, resolve))
  const listener = {
    boundAt: at,
    closed: false,
    async close() {
      if (listener.closed) return
      listener.closed = true
      await new Promise((resolve) => server.close(resolve))
    },
  }
  open.push(listener)
  return listener
}

async function greeting(at: string): Promise<string> {
  const chunks: unknown[] = []
  for await (const chunk of connect(at)) chunks.push(chunk)
  return chunks.join('')
}

const endpoint = parseUnixTarget

describe('createSocketFile', () => {
  it('createSocketFile() gives the listener its name and mode, and leaves nothing else in the folder', async () => {
    await createSocketFile(endpoint({ path, mode: 0o640 }), bind)
    expect(readdirSync(folder)).toEqual(['app.sock'])
    expect(lstatSync(path).mode & 0o777).toBe(0o640)
    expect(await greeting(path)).toBe('hello')
  })

  it('createSocketFile() binds in a private folder beside the target, which only the owner can enter', async () => {
    let modes: number[] = []
    const { listener } = await createSocketFile(endpoint(path), async (at) => {
      modes = [lstatSync(dirname(at)).mode & 0o777]
      expect(existsSync(path)).toBe(false)
      return bind(at)
    })
    expect(modes).toEqual([0o700])
    expect(dirname(dirname(listener.boundAt))).toBe(folder)
    expect(existsSync(dirname(listener.boundAt))).toBe(false)
  })

  it('createSocketFile() rejects with what bind rejects, and leaves nothing', async () => {
    const failure = new Error('no')
    await expect(createSocketFile(endpoint(path), () => Promise.reject(failure))).rejects.toBe(failure)
    expect(readdirSync(folder)).toEqual([])
  })

  it('createSocketFile() closes the listener when a later step fails, and leaves nothing', async () => {
    const taken = (at: string): ReturnType<typeof bind> => {
      // Another process takes the name while we bind.
      const other = createServer()
      return new Promise((resolve) => {
        open.push({ close: () => new Promise((closed) => void other.close(() => closed())) })
        other.listen(path, () => resolve(bind(at)))
      })
    }
    await expect(createSocketFile(endpoint(path), taken)).rejects.toMatchObject({
      code: 'ERR_SOCK_PATH_IN_USE',
      message: `Cannot listen on "${path}": the socket there is in use. Stop its server, or choose another path`,
    })
    expect(open.at(-1)).toMatchObject({ closed: true })
    expect(readdirSync(folder)).toEqual(['app.sock'])
  })

  it('createSocketFile() does not bind at all where the path is taken', async () => {
    await createSocketFile(endpoint(path), bind)
    let wasBound = false
    const never = (): Promise<never> => {
      wasBound = true
      return Promise.reject(new Error('bound'))
    }
    await expect(createSocketFile(endpoint(path), never)).rejects.toMatchObject({
      code: 'ERR_SOCK_PATH_IN_USE',
    })
    expect(wasBound).toBe(false)
  })

  it('createSocketFile() does not reset the connection with which it finds out that a server lives', async () => {
    const seen: string[] = []
    const server = createServer((socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => seen.push(`error ${error.code}`))
      socket.on('end', () => seen.push('end')).resume()
      socket.write('a greeting')
    })
    open.push({ close: () => new Promise((closed) => void server.close(() => closed())) })
    await new Promise<void>((resolve) => server.listen(path, resolve))
    await expect(createSocketFile(endpoint(path), bind)).rejects.toMatchObject({
      code: 'ERR_SOCK_PATH_IN_USE',
    })
    expect(seen).toEqual(['end'])
  })

  it('createSocketFile() gives up waiting for a live server that does not end its connection', async () => {
    const sockets: Socket[] = []
    const server = createServer({ allowHalfOpen: true }, (socket) => void sockets.push(socket))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    await expect(createSocketFile(endpoint(path), bind)).rejects.toMatchObject({
      code: 'ERR_SOCK_PATH_IN_USE',
    })
    expect(sockets).toHaveLength(1)
    sockets[0]?.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('createSocketFile() replaces a dead socket that came while it bound', async () => {
    await createSocketFile(endpoint(path), async (at) => {
      const dead = await bind(`${path}~`)
      linkSync(`${path}~`, path)
      await dead.close()
      return bind(at)
    })
    expect(await greeting(path)).toBe('hello')
    expect(readdirSync(folder)).toEqual(['app.sock'])
  })

  it('createSocketFile() returns a file that can be removed while the socket stays open', async () => {
    const { listener, file } = await createSocketFile(endpoint(path), bind)
    file.remove()
    expect(readdirSync(folder)).toEqual([])
    expect(listener.closed).toBe(false)
  })
})

import { describe, expect, it } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { Program } from '@sock/test-support/programs'
import { rejection } from '@sock/test-support/wait'
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { ask, leaveDeadSocket, useScratch } from './support/scratch.js'

const scratch = useScratch()

/** Checks that listening on the path fails, and leaves the file as it is. */
async function expectRefusal(path: string, code: string): Promise<void> {
  const before = lstatSync(path, { bigint: true })
  const names = scratch.names()
  const server = scratch.server()
  const error = await rejection(server.listen(path))
  expect(error).toMatchObject({ name: 'SockError', code })
  expect(error.message).toContain(`"${path}"`)
  expect(server.state).toBe('idle')
  expect(scratch.names()).toEqual(names)
  const after = lstatSync(path, { bigint: true })
  expect([after.ino, after.mode, after.ctimeNs]).toEqual([before.ino, before.mode, before.ctimeNs])
  // The failure was that of the path, not of the server.
  await server.listen(scratch.path('free.sock'))
  await server.close()
}

describe('listen on a path where there is', () => {
  it('listen() at a regular file rejects, and keeps its content (E4)', async () => {
    const path = scratch.own()
    writeFileSync(path, 'precious')
    await expectRefusal(path, 'ERR_SOCK_PATH_NOT_SOCKET')
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  it('listen() at an empty regular file rejects', async () => {
    const path = scratch.own()
    writeFileSync(path, '')
    await expectRefusal(path, 'ERR_SOCK_PATH_NOT_SOCKET')
  })

  it('listen() at a folder rejects (E4)', async () => {
    const path = scratch.own()
    mkdirSync(path)
    await expectRefusal(path, 'ERR_SOCK_PATH_NOT_SOCKET')
  })

  it('listen() at a FIFO rejects (E4)', async () => {
    const path = scratch.own()
    execFileSync('mkfifo', [path])
    await expectRefusal(path, 'ERR_SOCK_PATH_NOT_SOCKET')
  })

  it('listen() at a dangling symlink rejects, and makes nothing where it points (E5)', async () => {
    const path = scratch.own()
    symlinkSync(scratch.path('nowhere'), path)
    await expectRefusal(path, 'ERR_SOCK_PATH_NOT_SOCKET')
    expect(readlinkSync(path)).toBe(scratch.path('nowhere'))
    expect(scratch.names()).toEqual(['app.sock'])
  })

  it('listen() at a symlink to a file rejects (E5)', async () => {
    const path = scratch.own()
    writeFileSync(scratch.own('file'), 'precious')
    symlinkSync(scratch.path('file'), path)
    await expectRefusal(path, 'ERR_SOCK_PATH_NOT_SOCKET')
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  it('listen() at a symlink to a live socket rejects, and the socket goes on (E5)', async () => {
    const path = scratch.own()
    await scratch.server().listen(scratch.path('real.sock'))
    symlinkSync(scratch.path('real.sock'), path)
    await expectRefusal(path, 'ERR_SOCK_PATH_NOT_SOCKET')
    expect(await ask(await scratch.connect(path), 'by the link')).toBe('by the link')
  })

  it('listen() at a symlink to a dead socket rejects (E5)', async () => {
    const path = scratch.own()
    await leaveDeadSocket(scratch.own('dead.sock'))
    symlinkSync(scratch.path('dead.sock'), path)
    await expectRefusal(path, 'ERR_SOCK_PATH_NOT_SOCKET')
    expect(lstatSync(scratch.path('dead.sock')).isSocket()).toBe(true)
  })

  it('listen() at a live server of this process rejects, and it goes on (E2)', async () => {
    const path = scratch.path()
    const live = scratch.server()
    await live.listen(path)
    await expectRefusal(path, 'ERR_SOCK_PATH_IN_USE')
    expect(live.state).toBe('listening')
    expect(await ask(await scratch.connect(path), 'still here')).toBe('still here')
  })

  it('listen() at a live server of another process rejects, and it goes on (E2)', async () => {
    const path = scratch.path()
    const other = scratch.child(async ({ net, say, hear }, at) => {
      const server = net.createServer((socket) => socket.on('error', () => undefined).end('other'))
      await new Promise<void>((resolve) => server.listen(at, resolve))
      say('ready')
      await hear()
      server.close()
    }, path)
    await other.hear()
    await expectRefusal(path, 'ERR_SOCK_PATH_IN_USE')
    expect(await ask(await scratch.connect(path), '')).toBe('other')
    other.say('stop')
    await other.result
  })

  it('listen() at a server that does not get round to accepting rejects (E2)', async () => {
    const path = scratch.own()
    const other = scratch.child(async ({ net, say }, at) => {
      await new Promise<void>((resolve) => net.createServer().listen({ path: at, backlog: 1 }, resolve))
      say('ready')
      // Sent before the wait begins, which ends with the process.
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20)
      await new Promise(() => undefined)
    }, path)
    await other.hear()
    await expectRefusal(path, 'ERR_SOCK_PATH_IN_USE')
    await other.kill()
  })
})

const BIND_DATAGRAM = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
if sys.argv[2] == 'live':
    print('bound', flush=True)
    print(s.recv(100).decode())
`

describe('listen on the path of a datagram socket', () => {
  itWith(
    'python3',
    'listen() on the path of a datagram socket rejects while it is open, and disturbs nothing',
    async () => {
      const path = scratch.own()
      const python = new Program('python3', ['-c', BIND_DATAGRAM, path, 'live'])
      await python.hear()
      await expectRefusal(path, 'ERR_SOCK_PATH_IN_USE')
      const send =
        'import socket,sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"ping", sys.argv[1])'
      execFileSync('python3', ['-c', send, path])
      expect(await python.hear()).toBe('ping')
      await python.ended
    },
  )

  itWith('python3', 'listen() on the path of a datagram socket replaces it when it is dead', async () => {
    const path = scratch.path()
    execFileSync('python3', ['-c', BIND_DATAGRAM, path, 'dead'])
    expect(lstatSync(path).isSocket()).toBe(true)
    await scratch.server().listen(path)
    expect(await ask(await scratch.connect(path), 'a stream now')).toBe('a stream now')
  })
})

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { linkSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSocket, judge, othersStart, removeDead } from '../../src/lib/socket-file/dead-socket.js'
import { fileId, type FileId } from '../../src/lib/socket-file/socket-file.js'
import { systemError } from '../support/fake-server.js'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-'))
  path = join(folder, 'app.sock')
})
afterEach(() => {
  jest.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

/** Leaves a socket at `path` that nobody listens on. */
async function leaveDead(): Promise<FileId> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}~`, resolve))
  linkSync(`${path}~`, path)
  await new Promise((resolve) => server.close(resolve))
  return fileId(path) as FileId
}

const files = (): string[] => readdirSync(folder).toSorted()
const claimOf = ({ ino }: FileId): string => join(folder, `.app.sock.${ino}.dead`)

describe('findSocket', () => {
  it('findSocket() returns the id of a socket, and undefined where nothing is', async () => {
    expect(findSocket(path)).toBeUndefined()
    const { ino } = await leaveDead()
    expect(findSocket(path)?.ino).toBe(ino)
  })

  it('findSocket() throws ERR_SOCK_PATH_NOT_SOCKET for anything else', () => {
    writeFileSync(path, '')
    for (const other of [path, folder]) {
      expect(thrown(() => findSocket(other))).toMatchObject({
        code: 'ERR_SOCK_PATH_NOT_SOCKET',
        message: `Cannot listen on "${other}": the path exists and is not a socket. Remove it, or choose another path`,
      })
    }
  })
})

describe('judge', () => {
  const id: FileId = { dev: 1n, ino: 2n, birthtimeNs: 3n }

  it('judge() returns the id of a socket that refuses, and undefined if there is none any more', () => {
    expect(judge(path, id, systemError('ECONNREFUSED'))).toBe(id)
    expect(judge(path, id, systemError('ENOENT'))).toBeUndefined()
  })

  it.each<[string, string | undefined, RegExp]>([
    ['a connection', undefined, /: the socket there is in use\. /],
    ['EAGAIN', 'EAGAIN', /: the socket there is in use\. /],
    ['EPROTOTYPE', 'EPROTOTYPE', /: the socket there is in use\. /],
    ['EACCES', 'EACCES', /: a socket exists there, and the process may not connect to it/],
  ])('judge() throws ERR_SOCK_PATH_IN_USE after %s, with its cause', (_, code, words) => {
    const cause = code === undefined ? undefined : systemError(code)
    const error = thrown(() => judge(path, id, cause))
    expect(error).toMatchObject({ code: 'ERR_SOCK_PATH_IN_USE', message: expect.stringMatching(words) })
    expect(error.cause).toBe(cause)
  })
})

describe('removeDead', () => {
  it('removeDead() removes the socket and its own claim', async () => {
    removeDead(path, await leaveDead())
    expect(files()).toEqual([])
  })

  it('removeDead() leaves a socket that has replaced the dead one', async () => {
    const dead = await leaveDead()
    renameSync(path, `${path}.old`)
    await leaveDead()
    removeDead(path, dead)
    expect(files()).toEqual(['app.sock', 'app.sock.old'])
  })

  it('removeDead() does nothing if the socket is gone', async () => {
    const dead = await leaveDead()
    rmSync(path)
    removeDead(path, dead)
    expect(files()).toEqual([])
  })

  it('removeDead() leaves the socket to the process that has the claim', async () => {
    const dead = await leaveDead()
    jest.spyOn(Date, 'now').mockReturnValue(Date.now())
    linkSync(path, claimOf(dead))
    removeDead(path, dead)
    expect(files()).toEqual([`.app.sock.${dead.ino}.dead`, 'app.sock'])
  })

  it('removeDead() removes a claim that a killed process has left, so that the next call gets it', async () => {
    const dead = await leaveDead()
    linkSync(path, claimOf(dead))
    const now = Date.now()
    jest.spyOn(Date, 'now').mockReturnValue(now + 11_000)
    removeDead(path, dead)
    expect(files()).toEqual(['app.sock'])
    removeDead(path, dead)
    expect(files()).toEqual([])
  })

  it('removeDead() throws ERR_SOCK_PATH_IN_USE if the process may not claim the socket', async () => {
    const dead = await leaveDead()
    const inside = join(path, 'below')
    expect(thrown(() => removeDead(inside, dead))).toMatchObject({
      code: 'ERR_SOCK_PATH_IN_USE',
      message: expect.stringContaining(
        'the stale socket file there cannot be removed. Remove it as its owner',
      ),
      cause: { syscall: 'link', code: 'ENOTDIR' },
    })
  })
})

describe('othersStart', () => {
  it('othersStart() tells to use another path', () => {
    expect(othersStart(path)).toMatchObject({
      code: 'ERR_SOCK_PATH_IN_USE',
      message: `Cannot listen on "${path}": other servers are starting on the same path. Give each server its own path`,
    })
  })
})

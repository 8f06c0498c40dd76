import { describe, expect, it } from '@jest/globals'
import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { UnixTarget } from '@sock/core'
import { unixAddress } from '@sock/core/transport'
import { NOBODY, itAsRoot } from '@sock/test-support/needs'
import { rejection } from '@sock/test-support/wait'
import { connectUnix } from '../src/index.js'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()
const MAX_BYTES = process.platform === 'linux' ? 107 : 103

/** A path in the folder that is this many bytes long. */
function pathOf(bytes: number): string {
  return scratch.path('x').padEnd(bytes, 'x')
}

describe('listen', () => {
  it('listen() takes a path of the greatest length, though its private path is too long then', async () => {
    const path = pathOf(MAX_BYTES)
    expect(Buffer.byteLength(path)).toBe(MAX_BYTES)
    const server = scratch.server()
    await server.listen({ path, mode: 0o640 })
    expect(await ask(await scratch.connect(path), 'long')).toBe('long')
    await server.close()
    expect(scratch.names()).toEqual([])
  })

  it('listen() takes a short name in a folder whose path leaves no room for a private path', async () => {
    const folder = pathOf(MAX_BYTES - 2)
    mkdirSync(folder)
    scratch.own(basename(folder))
    const server = scratch.server()
    for (let run = 0; run < 3; run++) {
      await server.listen(`${folder}/s`)
      expect(await ask(await scratch.connect(`${folder}/s`), 'deep')).toBe('deep')
      await server.close()
    }
  })

  it('listen() rejects a path that is one byte too long, and makes nothing (E8)', async () => {
    const path = pathOf(MAX_BYTES + 1)
    const error = await rejection(scratch.server().listen(path))
    expect(error).toMatchObject({ code: 'ERR_SOCK_PATH_TOO_LONG' })
    expect(error.message).toContain(`${MAX_BYTES + 1} bytes`)
    expect(await rejection(connectUnix(path))).toMatchObject({ code: 'ERR_SOCK_PATH_TOO_LONG' })
    expect(scratch.names()).toEqual([])
  })

  it('listen() counts the bytes of a path, not its characters (E8)', async () => {
    const path = scratch.path('ä'.repeat(MAX_BYTES / 2))
    expect(path.length).toBeLessThan(MAX_BYTES)
    expect(Buffer.byteLength(path)).toBeGreaterThan(MAX_BYTES)
    expect(await rejection(scratch.server().listen(path))).toMatchObject({ code: 'ERR_SOCK_PATH_TOO_LONG' })
  })

  it.each(['ünï cödé.sock', '"quoted" $(x) *.sock', ' ', '日本語'])(
    'listen() takes the name %j',
    async (name) => {
      await scratch.server().listen(scratch.path(name))
      expect(scratch.names()).toEqual([name])
      expect(await ask(await scratch.connect(scratch.path(name)), 'named')).toBe('named')
    },
  )

  it('listen() rejects with ENOENT and names the folder when that is missing (E9)', async () => {
    const error = await rejection(scratch.server().listen(scratch.path('missing/app.sock')))
    expect(error).toMatchObject({ code: 'ENOENT', path: scratch.path('missing/app.sock') })
    expect(error.message).toContain(`Cannot listen on "${scratch.path('missing/app.sock')}"`)
    expect(scratch.names()).toEqual([])
  })

  it('listen() rejects with ENOTDIR when the folder is a file (E9)', async () => {
    writeFileSync(scratch.own('file'), '')
    const error = await rejection(scratch.server().listen(scratch.path('file/app.sock')))
    expect(error).toMatchObject({ code: 'ENOTDIR' })
  })

  it('listen() makes the file where the system finds the path, also beyond a symlink to a folder', async () => {
    mkdirSync(scratch.own('real/deep'), { recursive: true })
    scratch.own('real')
    symlinkSync('real/deep', scratch.own('link'))
    const path = `${scratch.path('link')}/../app.sock`
    const server = scratch.server()
    await server.listen(path)
    expect(readdirSync(scratch.path('real'))).toEqual(['app.sock', 'deep'])
    expect(await ask(await scratch.connect(path), 'round the corner')).toBe('round the corner')
    await server.close()
    expect(readdirSync(scratch.path('real'))).toEqual(['deep'])
  })

  itAsRoot(
    'listen() rejects with EACCES where the user may not write, and names the folder (E9)',
    async () => {
      mkdirSync(scratch.own('closed'))
      chmodSync(scratch.path('closed'), 0o755)
      mkdirSync(scratch.own('hidden'), { mode: 0o700 })
      const child = scratch.child(
        async ({ createUnixServer, become }, folder, uid) => {
          become(uid)
          const server = createUnixServer({ open: () => undefined })
          const errors: string[] = []
          for (const name of ['closed', 'hidden']) {
            const path = `${folder}/${name}/app.sock`
            await server.listen(path).catch((error: NodeJS.ErrnoException) => {
              errors.push(`${error.code} ${server.state}`, error.message)
            })
          }
          return errors
        },
        scratch.folder,
        NOBODY,
      )
      const [closed, message, hidden] = await child.result
      expect([closed, hidden]).toEqual(['EACCES idle', 'EACCES idle'])
      expect(message).toContain(`Cannot listen on "${scratch.path('closed/app.sock')}"`)
    },
  )

  itAsRoot('listen() leaves nothing in a folder of others with the sticky bit', async () => {
    mkdirSync(scratch.own('tmp'))
    chmodSync(scratch.path('tmp'), 0o1777)
    chownSync(scratch.path('tmp'), 1, 1)
    const child = scratch.child(
      async ({ createUnixServer, become, fs }, folder, uid) => {
        become(uid)
        const server = createUnixServer({ open: () => undefined })
        await server.listen(`${folder}/app.sock`)
        const names = fs.readdirSync(folder)
        await server.close()
        return [names, fs.readdirSync(folder)]
      },
      scratch.path('tmp'),
      NOBODY,
    )
    expect(await child.result).toEqual([['app.sock'], []])
  })
})

describe('a target', () => {
  const invalid: [string, unknown][] = [
    ['empty string', ''],
    ['lone @', '@'],
    ['slash at the end', '/tmp/a/'],
    ['NUL byte', '/tmp/a\0b'],
    ['leading NUL byte', '\0name'],
    ['undefined', undefined],
    ['null', null],
    ['number', 8080],
    ['array', ['/tmp/x']],
    ['function', () => '/tmp/x'],
    ['Buffer', Buffer.from('/tmp/x')],
    ['object without path', {}],
    ['path of a wrong type', { path: 5 }],
    ['empty path', { path: '' }],
    ['unknown key', { path: '/tmp/x', port: 80 }],
    ['mode as text', { path: '/tmp/x', mode: '0600' }],
    ['mode with a sticky bit', { path: '/tmp/x', mode: 0o1600 }],
    ['negative mode', { path: '/tmp/x', mode: -1 }],
    ['mode NaN', { path: '/tmp/x', mode: Number.NaN }],
    ['fractional uid', { path: '/tmp/x', uid: 1.5 }],
    ['negative uid', { path: '/tmp/x', uid: -1 }],
    ['gid that means "as it is"', { path: '/tmp/x', gid: 2 ** 32 - 1 }],
    ['mode of an abstract name', { path: '@x', mode: 0o600 }],
    ['address of another family', { family: 'ipv4', host: '127.0.0.1', port: 80 }],
  ]

  it.each(invalid)('listen() rejects an invalid target: %s (E8)', async (_what, target) => {
    const server = scratch.server()
    const error = await rejection(server.listen(target as UnixTarget))
    expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_ADDRESS' })
    expect(error.message).toMatch(/^Invalid (address|target)/)
    expect(server.state).toBe('idle')
  })

  it.each(invalid)('connectUnix() rejects an invalid target: %s', async (_what, target) => {
    const error = await rejection(connectUnix(target as UnixTarget))
    expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_ADDRESS' })
  })

  it('listen() takes a string, parts, an address or a frozen object as target', async () => {
    const path = scratch.path()
    const server = scratch.server()
    const targets = [
      path,
      { path },
      unixAddress(path),
      Object.freeze({ path, mode: undefined }),
      { family: 'unix', path },
    ]
    for (const target of targets) {
      const address = await server.listen(target)
      expect(address.path).toBe(path)
      await server.close()
      // The result of listen() is a target, too.
      await server.listen(address)
      expect(await ask(await scratch.connect(address), 'x')).toBe('x')
      await server.close()
    }
  })

  it('listen() copies its target: later changes have no effect (H5)', async () => {
    const target = { path: scratch.path(), mode: 0o600 }
    const server = scratch.server()
    const listening = server.listen(target)
    target.path = scratch.path('other.sock')
    await listening
    expect(scratch.names()).toEqual(['app.sock'])
  })

  it('listen() and connectUnix() take nothing from a polluted prototype (H4)', async () => {
    const child = scratch.child(async ({ fs, ...unix }, path) => {
      const polluted = Object.prototype as Record<string, unknown>
      Object.assign(polluted, { mode: 0o777, uid: 1, family: 'ipv4', idleTimeout: -1 })
      try {
        const server = unix.createUnixServer(async (connection) => connection.write('hello'))
        await server.listen({ path })
        const { mode, uid } = fs.statSync(path)
        const client = await unix.connectUnix({ path })
        const answer = String(await client.read())
        await client.close()
        await server.close()
        return { mode: mode & 0o777, uid, answer }
      } finally {
        for (const key of ['mode', 'uid', 'family', 'idleTimeout']) delete polluted[key]
      }
    }, scratch.path())
    expect(await child.result).toEqual({ mode: 0o600, uid: process.getuid?.(), answer: 'hello' })
  })
})

import { describe, expect, it } from '@jest/globals'
import { NOBODY, itAsRoot } from '@sock/tools/testing/needs'
import { rejection } from '@sock/tools/testing/wait'
import { statSync } from 'node:fs'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

const permissions = (path: string): number => statSync(path).mode & 0o7777

describe('UnixTarget mode', () => {
  it('is 0600 by default', async () => {
    await scratch.server().listen(scratch.path())
    expect(permissions(scratch.path())).toBe(0o600)
  })

  it.each([0o660, 0o666, 0o777, 0o444, 0])('%i is what the file gets', async (mode) => {
    const server = scratch.server()
    await server.listen({ path: scratch.path(), mode })
    expect(permissions(scratch.path())).toBe(mode)
    await server.close()
    expect(scratch.names()).toEqual([])
  })

  it.each([0, 0o027, 0o077])('is independent of umask %i, which stays as it is (E10)', async (umask) => {
    const child = scratch.child(
      async ({ createUnixServer, fs }, path, mask) => {
        process.umask(mask)
        // Setting it returns the old value; reading it without setting is deprecated.
        const seen: number[] = []
        for (const mode of [0o600, 0o666]) {
          const server = createUnixServer({ open: () => undefined })
          const listening = server.listen({ path, mode })
          seen.push(process.umask(mask))
          await listening
          seen.push(process.umask(mask), fs.statSync(path).mode & 0o777)
          await server.close()
          seen.push(process.umask(mask))
        }
        return seen
      },
      scratch.path(),
      umask,
    )
    expect(await child.result).toEqual([umask, umask, 0o600, umask, umask, umask, 0o666, umask])
  })
})

describe('UnixTarget uid and gid', () => {
  itAsRoot('are the owner and group of the file', async () => {
    await scratch.server().listen({ path: scratch.path(), uid: NOBODY, gid: NOBODY, mode: 0o640 })
    expect(statSync(scratch.path())).toMatchObject({ uid: NOBODY, gid: NOBODY })
    expect(permissions(scratch.path())).toBe(0o640)
  })

  itAsRoot('leave the other one alone', async () => {
    await scratch.server().listen({ path: scratch.path('group.sock'), gid: NOBODY })
    await scratch.server().listen({ path: scratch.path('user.sock'), uid: NOBODY })
    expect(statSync(scratch.path('group.sock'))).toMatchObject({ uid: 0, gid: NOBODY })
    expect(statSync(scratch.path('user.sock'))).toMatchObject({ uid: NOBODY, gid: 0 })
  })

  itAsRoot('that the process may not give away make listen reject and leave nothing (E11)', async () => {
    const child = scratch.child(
      async ({ createUnixServer, connectUnix, become, fs }, folder, uid) => {
        const home = `${folder}/home`
        fs.mkdirSync(home)
        fs.chownSync(home, uid, uid)
        become(uid)
        const path = `${home}/app.sock`
        const server = createUnixServer(async (connection) => connection.write('hello'))
        const seen: unknown[] = []
        for (const owner of [{ uid: 0 }, { gid: 0 }, { uid: 0, gid: 0 }]) {
          const error = await server
            .listen({ path, ...owner })
            .catch((failed: NodeJS.ErrnoException) => failed)
          const { code, message } = error as NodeJS.ErrnoException
          seen.push(code, message.replace(home, ''), server.state, fs.readdirSync(home))
        }
        await server.listen({ path, uid, gid: uid })
        const client = await connectUnix(path)
        seen.push(String(await client.read()))
        await client.close()
        await server.close()
        seen.push(fs.readdirSync(home))
        return seen
      },
      scratch.folder,
      NOBODY,
    )
    scratch.own('home')
    const refused = (what: string) => [
      'EPERM',
      `Cannot set ${what} of "/app.sock": operation not permitted`,
      'idle',
      [],
    ]
    expect(await child.result).toEqual([
      ...refused('"uid" 0'),
      ...refused('"gid" 0'),
      ...refused('"uid" 0 and "gid" 0'),
      'hello',
      [],
    ])
    expect(await child.exited).toBeUndefined()
  })
})

/** Connects as another user as often as it can, and looks into private folders, until the test stops it. */
function hammer(path: string): ReturnType<typeof scratch.child<[string, string, number], Hits>> {
  return scratch.child<[string, string, number], Hits>(
    async ({ become, say, hear, fs, net }, target, folder, uid) => {
      become(uid)
      const hits = { connected: 0, entered: 0, EACCES: 0, ENOENT: 0, ECONNREFUSED: 0 }
      const attempt = (): Promise<void> =>
        new Promise((resolve) => {
          const socket = net.connect(target)
          socket.once('connect', () => (hits.connected += 1))
          socket.once('error', (error: { code?: string }) => (hits[error.code as 'EACCES'] += 1))
          socket.once('close', () => resolve())
          socket.once('connect', () => socket.destroy())
        })
      const enter = (): void => {
        for (const name of fs.readdirSync(folder)) {
          try {
            if (name.startsWith('.sock-') && fs.readdirSync(`${folder}/${name}`).length >= 0)
              hits.entered += 1
          } catch {
            // That is how it should be.
          }
        }
      }
      const run = { stopped: false }
      void hear().then(() => (run.stopped = true))
      say('ready')
      while (!run.stopped) {
        enter()
        await Promise.all([attempt(), attempt(), attempt()])
      }
      return hits
    },
    path,
    scratch.folder,
    NOBODY,
  )
}

interface Hits {
  connected: number
  entered: number
  EACCES: number
  ENOENT: number
  ECONNREFUSED: number
}

describe('createUnixServer while another user hammers at its path', () => {
  const RUNS = 200

  async function startAndStop(mode: number): Promise<Hits> {
    const server = scratch.server()
    const attacker = hammer(scratch.path())
    await attacker.hear()
    for (let run = 0; run < RUNS; run++) {
      await server.listen({ path: scratch.path(), mode })
      await new Promise(setImmediate)
      await server.close()
    }
    attacker.say('stop')
    return attacker.result
  }

  itAsRoot('listen with 0600 never lets it in (E10)', async () => {
    const hits = await startAndStop(0o600)
    expect(hits.EACCES).toBeGreaterThan(0)
    expect(hits).toMatchObject({ connected: 0, entered: 0 })
  })

  itAsRoot('listen with 0666 does', async () => {
    const hits = await startAndStop(0o666)
    expect(hits.connected).toBeGreaterThan(0)
    // Not even for a moment is the file less open than its mode.
    expect(hits).toMatchObject({ EACCES: 0, entered: 0 })
  })

  itAsRoot('mode 0600 with uid lets that user in', async () => {
    await scratch.server().listen({ path: scratch.path(), uid: NOBODY })
    const child = scratch.child(
      async ({ become, connectUnix }, path, uid) => {
        become(uid)
        const client = await connectUnix(path)
        await client.write('mine')
        const answer = String(await client.read())
        await client.close()
        return answer
      },
      scratch.path(),
      NOBODY,
    )
    expect(await child.result).toBe('mine')
    expect(await ask(await scratch.connect(scratch.path()), 'root too')).toBe('root too')
  })
})

describe('connectUnix', () => {
  itAsRoot('rejects with EACCES where the file is closed to the user', async () => {
    await scratch.server().listen(scratch.path())
    const child = scratch.child(
      async ({ become, connectUnix }, path, uid) => {
        become(uid)
        await connectUnix(path)
      },
      scratch.path(),
      NOBODY,
    )
    expect(await rejection(child.result)).toMatchObject({ code: 'EACCES' })
  })
})

describe('a dead socket of another user', () => {
  itAsRoot('makes listen reject, and say that there is no permission to find out', async () => {
    const child = scratch.child(
      async ({ become, createUnixServer, fs, net }, folder, uid) => {
        const path = `${folder}/app.sock`
        fs.chmodSync(folder, 0o777)
        const dead = net.createServer().listen(`${path}.first`)
        await new Promise((resolve) => dead.once('listening', resolve))
        // Closing removes the first name only.
        fs.linkSync(`${path}.first`, path)
        fs.chmodSync(path, 0o600)
        await new Promise((resolve) => dead.close(resolve))
        become(uid)
        const error = await createUnixServer({ open: () => undefined })
          .listen(path)
          .catch((failed: NodeJS.ErrnoException) => failed)
        const { code, message, cause } = error as NodeJS.ErrnoException & { cause: NodeJS.ErrnoException }
        return [code, message.replace(folder, ''), cause.code, fs.readdirSync(folder)]
      },
      scratch.folder,
      NOBODY,
    )
    scratch.own('app.sock')
    expect(await child.result).toEqual([
      'ERR_SOCK_PATH_IN_USE',
      'Cannot listen on "/app.sock": a socket exists there, and the process may not connect to it to see whether it is in use. Run as its owner, or choose another path',
      'EACCES',
      ['app.sock'],
    ])
  })
})

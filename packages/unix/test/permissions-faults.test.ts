import { describe, expect } from '@jest/globals'
import { NOBODY, itAsRoot } from '@sock/test-support/needs'
import { rejection } from '@sock/test-support/wait'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

/** Connects as another user as often as it can, and looks into private folders, until the test stops it; then once more. */
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
            // The folder must be closed to others.
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
      await attempt()
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
    // However busy the machine is, one attempt meets an open server.
    await server.listen({ path: scratch.path(), mode })
    attacker.say('stop')
    return attacker.result
  }

  itAsRoot('listen() with the mode 0600 never lets another user in (E10)', async () => {
    const hits = await startAndStop(0o600)
    expect(hits.EACCES).toBeGreaterThan(0)
    expect(hits).toMatchObject({ connected: 0, entered: 0 })
  })

  itAsRoot('listen() with the mode 0666 lets another user in from the first moment', async () => {
    const hits = await startAndStop(0o666)
    expect(hits.connected).toBeGreaterThan(0)
    // Not even for a moment is the file less open than its mode.
    expect(hits).toMatchObject({ EACCES: 0, entered: 0 })
  })

  itAsRoot('listen() with the mode 0600 and a uid lets that user in', async () => {
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

describe('the owner of a socket file', () => {
  itAsRoot(
    'listen() rejects an owner that the process may not give a file to, leaves nothing, and works with its own (E11)',
    async () => {
      const child = scratch.child(
        async ({ become, createUnixServer, fs }, home, uid) => {
          fs.mkdirSync(home)
          fs.chownSync(home, uid, uid)
          become(uid)
          const path = `${home}/app.sock`
          const server = createUnixServer({ open: () => undefined })
          const refused: unknown[] = []
          const descriptors = new Set<number>()
          for (const owner of [{ uid: 0 }, { gid: 0 }]) {
            const failed = await server.listen({ path, ...owner }).catch((error: unknown) => error)
            refused.push((failed as NodeJS.ErrnoException).code, server.state, fs.readdirSync(home))
            descriptors.add(fs.readdirSync('/proc/self/fd').length)
          }
          await server.listen({ path, uid, gid: uid })
          const owner = fs.statSync(path).uid
          await server.close()
          return [refused, descriptors.size, owner, fs.readdirSync(home)]
        },
        scratch.own('home'),
        NOBODY,
      )
      expect(await child.result).toEqual([['EPERM', 'idle', [], 'EPERM', 'idle', []], 1, NOBODY, []])
    },
  )
})

describe('connectUnix', () => {
  itAsRoot('connectUnix() rejects with EACCES where the file is closed to the user', async () => {
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
  itAsRoot(
    'listen() rejects at a dead socket of another user, and says that there is no permission to find out',
    async () => {
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
    },
  )
})

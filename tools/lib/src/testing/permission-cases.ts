import { describe, expect, it } from '@jest/globals'
import { statSync } from 'node:fs'
import { itAsRoot, NOBODY } from './needs.js'
import type { Scratch } from './scratch.js'
import { taskRunner, type TaskContext } from './task.js'

interface Target {
  readonly path: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
}

/** A server in another process. */
interface Server {
  readonly state: string
  listen(target: Target): Promise<unknown>
  close(): Promise<unknown>
}
type Context = TaskContext & Record<string, (handler: object) => Server>

/** What a transport with socket files has to offer. */
export interface PermissionFixture {
  readonly scratch: Scratch
  /** As in `createUnixServer()`. */
  readonly transport: 'Unix' | 'Unixgram'
  /** The package, as other processes import it. */
  readonly entry: URL
  /** Starts a server that is closed after the test. */
  readonly listen: (target: string | Target) => Promise<unknown>
}

/** The permission bits of a file. */
export const permissions = (path: string): number => statSync(path).mode & 0o7777

/** Mode and owner of socket files. The ids are those of docs/faults.md. */
export function describePermissions({ scratch, transport, entry, listen }: PermissionFixture): void {
  const runTask = taskRunner<Context>([entry.href])
  /** The function that creates a server, for the context of a task. */
  const createServer = `create${transport}Server`

  describe('the mode of a socket file', () => {
    it('the mode of a socket file is 0600 by default', async () => {
      await listen(scratch.path())
      expect(permissions(scratch.path())).toBe(0o600)
    })

    it.each([0o660, 0o666, 0o777, 0o444, 0])('a socket file gets the mode %i', async (mode) => {
      await listen({ path: scratch.path(), mode })
      expect(permissions(scratch.path())).toBe(mode)
    })

    it.each([0, 0o022, 0o027, 0o077])(
      'the mode of a socket file is independent of umask %i, which stays as it is (E10)',
      async (umask) => {
        const seen = await runTask(
          async ({ fs, ...functions }, create, path, mask) => {
            process.umask(mask)
            const masksAndModes: number[] = []
            // Setting it tells what it was; asking without setting is deprecated.
            const note = (): void => void masksAndModes.push(process.umask(mask))
            for (const mode of [0o600, 0o666]) {
              const server = functions[create]?.({ open: () => undefined }) as Server
              const listening = server.listen({ path, mode })
              note()
              await listening
              note()
              masksAndModes.push(fs.statSync(path).mode & 0o777)
              const second = functions[create]?.({ open: () => undefined }) as Server
              for (const refused of [server, second]) await refused.listen({ path }).catch(() => undefined)
              note()
              await server.close()
              note()
            }
            return masksAndModes
          },
          createServer,
          scratch.path(),
          umask,
        ).result
        expect(seen).toEqual([0o600, 0o666].flatMap((mode) => [umask, umask, mode, umask, umask]))
      },
    )
  })

  describe('the owner of a socket file', () => {
    itAsRoot('a socket file gets the uid, the gid and the mode of its target', async () => {
      await listen({ path: scratch.path(), uid: NOBODY, gid: NOBODY, mode: 0o640 })
      expect(statSync(scratch.path())).toMatchObject({ uid: NOBODY, gid: NOBODY })
      expect(permissions(scratch.path())).toBe(0o640)
    })

    itAsRoot('a uid alone leaves the group of a socket file as it is, and a gid its owner', async () => {
      await listen({ path: scratch.path('group.sock'), gid: NOBODY })
      await listen({ path: scratch.path('user.sock'), uid: NOBODY })
      expect(statSync(scratch.path('group.sock'))).toMatchObject({ uid: 0, gid: NOBODY })
      expect(statSync(scratch.path('user.sock'))).toMatchObject({ uid: NOBODY, gid: 0 })
    })

    itAsRoot(
      'listen() rejects an owner that the process may not give a file to, leaves nothing, and works with its own (E11)',
      async () => {
        const seen = await runTask(
          async ({ become, fs, ...functions }, create, folder, uid) => {
            const home = `${folder}/home`
            fs.mkdirSync(home)
            fs.chownSync(home, uid, uid)
            become(uid)
            const path = `${home}/app.sock`
            const server = functions[create]?.({ open: () => undefined }) as Server
            const outcomes: unknown[] = []
            for (const owner of [{ uid: 0 }, { gid: 0 }, { uid: 0, gid: 0 }]) {
              const error = await server.listen({ path, ...owner }).catch((failure: unknown) => failure)
              const { code, message } = error as NodeJS.ErrnoException
              outcomes.push(code, message.replace(home, ''), server.state, fs.readdirSync(home))
            }
            await server.listen({ path, uid, gid: uid })
            outcomes.push(fs.statSync(path).uid)
            await server.close()
            outcomes.push(fs.readdirSync(home), fs.readdirSync('/proc/self/fd').length < 30)
            return outcomes
          },
          createServer,
          scratch.folder,
          NOBODY,
        ).result
        scratch.own('home')
        const refused = (what: string): unknown[] => [
          'EPERM',
          `Cannot set ${what} of "/app.sock": operation not permitted`,
          'idle',
          [],
        ]
        expect(seen).toEqual([
          ...refused('"uid" 0'),
          ...refused('"gid" 0'),
          ...refused('"uid" 0 and "gid" 0'),
          NOBODY,
          [],
          true,
        ])
      },
    )
  })
}

import { expect, it } from '@jest/globals'
import { echo } from '@sock/testing'
import { expectHere } from '@sock/tools/testing/errors'
import { rejection } from '@sock/tools/testing/wait'
import { createUnixServer, connectUnix } from '../src/index.js'
import { engines } from './support/engines.js'
import { leaveDeadSocket, useScratch } from './support/scratch.js'

const scratch = useScratch()

for (const { name, options, describe } of engines) {
  describe(`errors at the caller${name}`, () => {
    it('listen() in a folder that does not exist', async () => {
      const path = scratch.path('missing/app.sock')
      const error = await rejection(createUnixServer(echo, options).listen(path))
      const message = `Cannot listen on "${path}": the folder does not exist (ENOENT). Create it, or choose another path`
      expectHere(error, 'ENOENT', message)
      expect(error).toMatchObject({ message, path })
      expect(error).not.toHaveProperty('cause')
    })

    it('listen() on a live socket, and on a path that is too long', async () => {
      await scratch.server().listen(scratch.path())
      const start = async (path: string): Promise<void> => {
        await Promise.resolve()
        await createUnixServer(echo, options).listen(path)
      }
      const live = await rejection(start(scratch.path()))
      expectHere(
        live,
        'ERR_SOCK_PATH_IN_USE',
        `Cannot listen on "${scratch.path()}": the socket there is in use`,
      )
      expectHere(await rejection(start(`/tmp/${'x'.repeat(200)}`)), 'ERR_SOCK_PATH_TOO_LONG', '205 bytes')
    })

    it('connectUnix() to a missing path, and to a dead socket', async () => {
      const missing = await rejection(connectUnix(scratch.path(), options))
      const words = 'the socket file does not exist (ENOENT). Start the server, or check the path'
      expectHere(missing, 'ENOENT', `Cannot connect to "${scratch.path()}": ${words}`)
      expect(missing).toMatchObject({ syscall: 'connect', address: scratch.path() })
      await leaveDeadSocket(scratch.own())
      const dead = await rejection(connectUnix({ path: scratch.path() }, options))
      expectHere(
        dead,
        'ECONNREFUSED',
        `Cannot connect to "${scratch.path()}": no server is listening on this socket`,
      )
    })

    it('connectUnix() and createUnixServer() with a wrong option', async () => {
      const unknown = rejection(connectUnix(scratch.path(), { ...options, mode: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "mode" in connectUnix options')
      const make = async () => createUnixServer(echo, { ...options, backlog: -1 })
      expectHere(await rejection(make()), 'ERR_OUT_OF_RANGE', 'Invalid "backlog"')
    })
  })
}

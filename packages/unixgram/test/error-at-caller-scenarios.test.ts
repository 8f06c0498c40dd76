import { expect, it } from '@jest/globals'
import { echo } from '@sock/testing'
import { expectHere } from '@sock/tools/testing/errors'
import { rejection } from '@sock/tools/testing/wait'
import { connectUnixgram, createUnixgramServer } from '../src/index.js'
import { engines } from './support/engines.js'
import { leaveDeadSocket, useScratch } from './support/scratch.js'

for (const { name, options, describe } of engines) {
  describe(`errors at the caller${name}`, () => {
    const scratch = useScratch(options.engine)

    it('listen() in a folder that does not exist', async () => {
      const path = scratch.path('missing/app.sock')
      const error = await rejection(createUnixgramServer(echo, options).listen(path))
      const message = `Cannot listen on "${path}": the folder does not exist (ENOENT). Create it, or choose another path`
      expectHere(error, 'ENOENT', message)
      expect(error).toMatchObject({ message, syscall: 'bind', path })
    })

    it('listen() on a live socket', async () => {
      await scratch.serve()
      const start = async (): Promise<void> => {
        await Promise.resolve()
        await createUnixgramServer(echo, options).listen(scratch.path())
      }
      const words = `Cannot listen on "${scratch.path()}": the socket there is in use`
      expectHere(await rejection(start()), 'ERR_SOCK_PATH_IN_USE', words)
    })

    it('connectUnixgram() to a missing path, a dead socket, or a stream socket', async () => {
      const missing = await rejection(connectUnixgram(scratch.path(), options))
      const words = 'the socket file does not exist (ENOENT). Start the server, or check the path'
      expectHere(missing, 'ENOENT', `Cannot connect to "${scratch.path()}": ${words}`)
      expect(missing).toMatchObject({ syscall: 'connect', path: scratch.path() })
      await leaveDeadSocket(scratch.own())
      const dead = await rejection(connectUnixgram(scratch.path(), options))
      expectHere(
        dead,
        'ECONNREFUSED',
        `Cannot connect to "${scratch.path()}": no server is listening on this socket`,
      )
      await scratch.listenStream(scratch.own('stream'))
      const other = await rejection(connectUnixgram(scratch.path('stream'), options))
      expectHere(
        other,
        'EPROTOTYPE',
        'the socket is of another type (EPROTOTYPE). Use connectUnix for streams',
      )
    })

    it('connectUnixgram() and createUnixgramServer() with a wrong option', async () => {
      const unknown = rejection(connectUnixgram(scratch.path(), { ...options, mode: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "mode" in connectUnixgram options')
      const make = async () => createUnixgramServer(echo, { ...options, maxQueuedBytes: -1 })
      expectHere(await rejection(make()), 'ERR_OUT_OF_RANGE', 'Invalid "maxQueuedBytes"')
    })
  })
}

import { expect, it } from '@jest/globals'
import { connectUnixgram, createUnixgramServer } from '../src/index.js'
import { engines } from './support/engines.js'
import { echo, failure, leaveDeadSocket, listenStream, useScratch } from './support/scratch.js'

/** One line, and below it this file: what Node prints of an error that nobody catches. */
function expectHere(error: Error & { code?: string }, code: string, message: string): void {
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  expect(error.message).not.toContain('\n')
  expect(String(error.stack).split('\n').slice(0, 2)).toEqual([
    String(error),
    expect.stringMatching(/^ {4}at .*error-at-caller\.test\.ts:/),
  ])
}

for (const { name, options, describe } of engines) {
  describe(`errors at the caller${name}`, () => {
    const scratch = useScratch(options.engine)

    it('listen() in a folder that does not exist', async () => {
      const path = scratch.path('missing/app.sock')
      const error = await failure(createUnixgramServer(echo, options).listen(path))
      const message = `Cannot listen on "${path}": the folder does not exist (ENOENT). Create it, or choose another path`
      expectHere(error, 'ENOENT', message)
      expect(error).toMatchObject({ message, syscall: 'bind', path })
    })

    it('listen() on a socket that lives', async () => {
      await scratch.serve()
      const start = async (): Promise<void> => {
        await Promise.resolve()
        await createUnixgramServer(echo, options).listen(scratch.path())
      }
      const words = `Cannot listen on "${scratch.path()}": the socket there is in use`
      expectHere(await failure(start()), 'ERR_SOCK_PATH_IN_USE', words)
    })

    it('connectUnixgram() where nothing is, nobody listens, or a stream socket is', async () => {
      const missing = await failure(connectUnixgram(scratch.path(), options))
      const words = 'the socket file does not exist (ENOENT). Start the server, or check the path'
      expectHere(missing, 'ENOENT', `Cannot connect to "${scratch.path()}": ${words}`)
      expect(missing).toMatchObject({ syscall: 'connect', path: scratch.path() })
      await leaveDeadSocket(scratch.own())
      const dead = await failure(connectUnixgram(scratch.path(), options))
      expectHere(
        dead,
        'ECONNREFUSED',
        `Cannot connect to "${scratch.path()}": no server is listening on this socket`,
      )
      await listenStream(scratch, scratch.own('stream'))
      const other = await failure(connectUnixgram(scratch.path('stream'), options))
      expectHere(
        other,
        'EPROTOTYPE',
        'the socket is of another type (EPROTOTYPE). Use connectUnix for streams',
      )
    })

    it('connectUnixgram() and createUnixgramServer() with a wrong option', async () => {
      const unknown = failure(connectUnixgram(scratch.path(), { ...options, mode: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "mode" in connectUnixgram options')
      const make = async () => createUnixgramServer(echo, { ...options, maxQueuedBytes: -1 })
      expectHere(await failure(make()), 'ERR_OUT_OF_RANGE', 'Invalid "maxQueuedBytes"')
    })
  })
}

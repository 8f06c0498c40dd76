import { describe, expect, it } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import type { ConnectionEvent } from '@sock/core'
import { expectHere } from '@sock/test-support/errors'
import { rejection } from '@sock/test-support/wait'
import { connectUnix } from '../src/index.js'
import { engines } from './support/engines.js'
import { leaveDeadSocket, useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('connectUnix', () => {
  it('connectUnix() refuses what only a listener can use', async () => {
    const error = await rejection(connectUnix({ path: scratch.path(), mode: 0o600 } as { path: string }))
    expect(error).toMatchObject({
      code: 'ERR_SOCK_INVALID_ADDRESS',
      message: 'Invalid target: unknown "mode". To connect, pass only "path"',
    })
  })

  it('connectUnix() resolves with a connection that knows both addresses', async () => {
    await scratch.server().listen(scratch.path())
    const client = await scratch.connect(scratch.path())
    expect(client).toMatchObject({ transport: 'unix', secure: false, tls: undefined, isOpen: true })
    expect(client.remoteAddress).toMatchObject({ family: 'unix', path: scratch.path() })
    // It has no name.
    expect(client.localAddress).toMatchObject({ family: 'unix', path: '' })
  })

  it('connectUnix() rejects with ECONNREFUSED where a file is', async () => {
    writeFileSync(scratch.own(), '')
    expect(await rejection(connectUnix(scratch.path()))).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('connectUnix() passes the dial to onState, also without a server', async () => {
    const states: string[] = []
    const onState = ({ state }: ConnectionEvent): void => void states.push(state)
    await rejection(connectUnix(scratch.path(), { onState }))
    expect(states).toEqual(['dial'])
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`errors at the caller${name}`, () => {
    it('connectUnix() to a missing path, and to a dead socket, rejects with a message that says what to do, at the line of the call', async () => {
      const missing = await rejection(connectUnix(scratch.path(), options))
      const words = 'the socket file does not exist (ENOENT). Start the server, or check the path'
      expectHere(missing, 'ENOENT', `Cannot connect to "${scratch.path()}": ${words}`)
      expect(missing).toMatchObject({ syscall: 'connect', address: scratch.path() })
      await leaveDeadSocket(scratch.own())
      const dead = await rejection(connectUnix({ path: scratch.path() }, options))
      expectHere(
        dead,
        'ECONNREFUSED',
        `Cannot connect to "${scratch.path()}": no server is listening there, or it is not a socket`,
      )
    })

    it('connectUnix() to a regular file, and to a folder, rejects that no server is listening, or that it is no socket', async () => {
      writeFileSync(scratch.own('file'), 'mine')
      for (const path of [scratch.path('file'), '.']) {
        const words = `Cannot connect to "${path}": no server is listening there, or it is not a socket (ECONNREFUSED)`
        expectHere(await rejection(connectUnix(path, options)), 'ECONNREFUSED', words)
      }
    })

    it('connectUnix() with a wrong option rejects at the line of the call', async () => {
      const unknown = rejection(connectUnix(scratch.path(), { ...options, mode: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "mode" in connectUnix options')
    })
  })
}

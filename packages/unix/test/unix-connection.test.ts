import { describe, expect, it } from '@jest/globals'
import { exchange, type PeerCredentials } from '@sock/core'
import { engine } from '@sock/native'
import { Program } from '@sock/test-support/programs'
import { connectUnix, createUnixServer } from '../src/index.js'
import { describeNative } from './support/engines.js'
import { useScratch } from './support/scratch.js'

const scratch = useScratch()

const ownCredentials = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() }

describeNative('peerCredentials', () => {
  it('peerCredentials name the process that connected, and to a client the one that listens (E13)', async () => {
    const path = scratch.path()
    let seen: PeerCredentials | undefined
    const server = createUnixServer(
      (connection) => {
        seen = connection.peerCredentials
        return connection.write('x')
      },
      { engine },
    )
    await server.listen(path)
    const client = await connectUnix(path, { engine })
    expect(client.peerCredentials).toEqual(ownCredentials)
    await exchange(client, '')
    expect(seen).toEqual(ownCredentials)

    const script = `require('net').connect(${JSON.stringify(path)}).resume()`
    const child = new Program(process.execPath, ['-e', script])
    await child.ended
    expect(seen).toEqual({ ...ownCredentials, pid: child.pid })
    await server.close()
  })
})

describe('peerCredentials without the native engine', () => {
  it('peerCredentials are undefined without the native engine', async () => {
    const path = scratch.path()
    const server = createUnixServer((connection) =>
      connection.write(`${connection.peerCredentials === undefined}`),
    )
    await server.listen(path)
    expect(String(await exchange(await connectUnix(path), ''))).toBe('true')
    await server.close()
  })
})

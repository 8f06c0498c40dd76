import { afterAll, expect, it } from '@jest/globals'
import { exchange, type PeerCredentials } from '@sock/core'
import { engine } from '@sock/native'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectUnix, createUnixServer } from '../src/index.js'
import { describeNative as describe } from './support/engines.js'

const folder = mkdtempSync(join(tmpdir(), 'sock-unix-engine-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ownCredentials = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() }

describe('the native engine under unix', () => {
  it('peerCredentials name the process that connected, and to a client the one that listens (E13)', async () => {
    const path = join(folder, 'credentials.sock')
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
    const child = spawn(process.execPath, ['-e', script])
    await once(child, 'exit')
    expect(seen).toEqual({ ...ownCredentials, pid: child.pid })
    await server.close()
  })

  it('peerCredentials are undefined without the native engine', async () => {
    const path = join(folder, 'without.sock')
    const server = createUnixServer((connection) =>
      connection.write(`${connection.peerCredentials === undefined}`),
    )
    await server.listen(path)
    expect(String(await exchange(await connectUnix(path), ''))).toBe('true')
    await server.close()
  })

  it('the socket file has its mode, and goes with the server', async () => {
    const path = join(folder, 'mode.sock')
    const server = createUnixServer(() => {}, { engine })
    await server.listen({ path, mode: 0o640 })
    expect(statSync(path).mode & 0o777).toBe(0o640)
    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  it('an abstract name is exact on every Node', async () => {
    const name = `@sock-engine-${process.pid}`
    const server = createUnixServer((connection) => connection.write('x'), { engine })
    await server.listen(name)
    expect(String(await exchange(await connectUnix(name, { engine }), ''))).toBe('x')
    // The kernel's list shows names with their length; one that is padded has NUL bytes, shown as "@".
    const lines = readFileSync('/proc/net/unix', 'latin1').split('\n')
    expect(lines.some((line) => line.endsWith(` ${name}`))).toBe(true)
    await server.close()
  })
})

import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/tools/testing/wait'
import { randomBytes } from 'node:crypto'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip

const freeName = (): string => `@unix-test-${randomBytes(6).toString('hex')}`

describeOnLinux('createUnixServer with an abstract name', () => {
  it('listen serves it, and makes no file', async () => {
    const name = freeName()
    const locals: string[] = []
    const server = scratch.server(async (connection) => {
      locals.push(String(connection.localAddress))
      for await (const chunk of connection) await connection.write(chunk)
    })
    const before = process.cwd()
    const address = await server.listen(name)
    expect(address).toMatchObject({ family: 'unix', path: name })
    expect(String(address)).toBe(name)
    expect(server.address).toBe(address)
    const client = await scratch.connect(name)
    expect(String(client.remoteAddress)).toBe(name)
    expect(await ask(client, 'no file')).toBe('no file')
    expect(locals).toEqual([name])
    expect([process.cwd(), scratch.names()]).toEqual([before, []])
  })

  it('listen rejects with EADDRINUSE while another has the name (E12)', async () => {
    const name = freeName()
    const first = scratch.server()
    await first.listen(name)
    const second = scratch.server()
    expect(await rejection(second.listen(name))).toMatchObject({ code: 'EADDRINUSE' })
    expect(second.state).toBe('idle')
    expect(await ask(await scratch.connect(name), 'first')).toBe('first')
    await first.close()
    await second.listen(name)
    expect(await ask(await scratch.connect(name), 'second')).toBe('second')
  })

  it('listen can be called again with the address, 20 times', async () => {
    const server = scratch.server()
    let address = await server.listen(freeName())
    for (let run = 0; run < 20; run++) {
      await server.close()
      address = await server.listen(address)
    }
    expect(await ask(await scratch.connect(address), 'again')).toBe('again')
  })

  it('listen distinguishes names of which one begins with the other', async () => {
    const name = freeName()
    await scratch.server(async (connection) => connection.write('short')).listen(name)
    await scratch.server(async (connection) => connection.write('long')).listen(`${name}-long`)
    expect(await ask(await scratch.connect(name), '')).toBe('short')
    expect(await ask(await scratch.connect(`${name}-long`), '')).toBe('long')
  })

  it('listen takes a name of the greatest length, and rejects a longer one', async () => {
    const name = freeName().padEnd(107, 'x')
    await scratch.server().listen(name)
    expect(await ask(await scratch.connect(name), 'long')).toBe('long')
    expect(await rejection(scratch.server().listen(`${name}x`))).toMatchObject({
      code: 'ERR_SOCK_PATH_TOO_LONG',
    })
  })

  it.each(['mode', 'uid', 'gid'])('listen rejects %s, since there is no file', async (key) => {
    const error = await rejection(scratch.server().listen({ path: freeName(), [key]: 0 }))
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
    expect(error.message).toContain('abstract name')
  })

  it('shutdown frees the name', async () => {
    const name = freeName()
    const server = scratch.server()
    await server.listen(name)
    await server.shutdown()
    expect(await rejection(scratch.connect(name))).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('connectUnix rejects with ECONNREFUSED without a server', async () => {
    expect(await rejection(scratch.connect(freeName()))).toMatchObject({ code: 'ECONNREFUSED' })
  })
})

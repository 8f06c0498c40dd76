import { describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import type { ConnectionEvent } from '@sock/core'
import { createUnixServer } from '../src/index.js'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('a Unix connection', () => {
  it('a Unix connection carries 1 MiB there and back as it is', async () => {
    await scratch.server().listen(scratch.path())
    const sent = randomBytes(1024 * 1024)
    const client = await scratch.connect(scratch.path())
    void client.write(sent).then(() => client.closeWrite())
    const chunks: Buffer[] = []
    for await (const chunk of client) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    expect(client.bytesWritten).toBe(sent.length)
    expect(client.bytesRead).toBe(sent.length)
  })

  it('a Unix connection carries a late answer after the client has ended its side', async () => {
    const seen: string[] = []
    const server = scratch.server(async (connection) => {
      for await (const chunk of connection) seen.push(String(chunk))
      await new Promise(setImmediate)
      await connection.write(`${seen.join('')}, answered late`)
    })
    await server.listen(scratch.path())
    expect(await ask(await scratch.connect(scratch.path()), 'request')).toBe('request, answered late')
  })

  it('a Unix connection reaches the server after it has ended its side', async () => {
    let whole = ''
    const server = scratch.server(async (connection) => {
      await connection.write('only this')
      await connection.closeWrite()
      for await (const chunk of connection) whole += String(chunk)
    })
    await server.listen(scratch.path())
    const client = await scratch.connect(scratch.path())
    expect(String(await client.read())).toBe('only this')
    expect(await client.read()).toBeNull()
    await client.write('still ')
    await client.write('talking')
    await client.close()
    await server.shutdown()
    expect(whole).toBe('still talking')
  })

  it('a Unix connection gives each of 50 clients at once its own replies', async () => {
    const server = scratch.server({
      data: (connection, chunk) => connection.write(chunk),
    })
    await server.listen(scratch.path())
    const clients = await Promise.all(Array.from({ length: 50 }, () => scratch.connect(scratch.path())))
    const talks = clients.map(async (client, n) => {
      let answers = ''
      for (let message = 0; message < 20; message++) {
        const text = `${n}:${message};`
        await client.write(text)
        for (let got = ''; got.length < text.length; answers += got) got += String(await client.read())
      }
      await client.close()
      return answers
    })
    const expected = (n: number): string => Array.from({ length: 20 }, (_, m) => `${n}:${m};`).join('')
    expect(await Promise.all(talks)).toEqual(clients.map((_, n) => expected(n)))
    expect(server.stats()).toMatchObject({ accepted: 50, handlerErrors: 0 })
  })

  it('a Unix connection delivers an answer although the request was left unread', async () => {
    const answer = 'x'.repeat(100_000)
    await scratch.server(async (connection) => connection.write(answer)).listen(scratch.path())
    const client = await scratch.connect(scratch.path())
    void client.write(Buffer.alloc(300_000))
    let length = 0
    for await (const chunk of client) length += chunk.length
    expect(length).toBe(answer.length)
  })
})

describe('createUnixServer', () => {
  it('configure runs once per connection, with its socket, before the handler', async () => {
    const order: string[] = []
    const server = scratch.server(() => void order.push('handler'), {
      configure: (socket) => void order.push(socket instanceof Socket ? 'socket' : 'something'),
    })
    await server.listen(scratch.path())
    await ask(await scratch.connect(scratch.path()), '')
    expect(order).toEqual(['socket', 'handler'])
  })

  it('maxConnections turns the next client away, and counts it', async () => {
    const server = scratch.server(undefined, { maxConnections: 1 })
    const errors: (string | undefined)[] = []
    server.on('error', (error) => errors.push((error as { code?: string }).code))
    await server.listen(scratch.path())
    const first = await scratch.connect(scratch.path())
    await first.write('in')
    expect(String(await first.read())).toBe('in')
    const second = await scratch.connect(scratch.path())
    expect(await second.read().catch(() => null)).toBeNull()
    expect(errors).toEqual(['ERR_SOCK_CONNECTION_LIMIT'])
    expect(server.stats().rejected.connectionLimit).toBe(1)
  })

  it("'connection' tells of each in order, counted from new to close", async () => {
    const server = scratch.server()
    const seen: [ConnectionEvent['state'], number][] = []
    server.on('connection', ({ state }) => void seen.push([state, server.openConnections]))
    await server.listen(scratch.path())
    await ask(await scratch.connect(scratch.path()), 'x')
    await server.shutdown()
    expect(seen[0]).toEqual(['new', 1])
    expect(seen[1]).toEqual(['handler', 1])
    expect(seen.at(-1)).toEqual(['close', 0])
    expect(seen.filter(([state]) => state === 'close')).toHaveLength(1)
  })

  it("'state' tells each once, with the path in the line", async () => {
    const server = scratch.server()
    const lines: string[] = []
    server.on('state', (_state, line) => void lines.push(line))
    await server.listen(scratch.path())
    await server.shutdown()
    expect(lines).toEqual([
      'Starting unix',
      `Listening on unix ${scratch.path()}`,
      `Draining unix ${scratch.path()}: 0 open connections`,
      'Closed unix: 0 idle, 0 drained, 0 forced',
    ])
  })

  it.each([
    ['a handler of neither form', 'echo', undefined],
    ['an unknown callback', { connect: () => undefined }, undefined],
    ['an unknown option', () => undefined, { tls: {} }],
    ['an option of a wrong type', () => undefined, { backlog: 'long' }],
    ['an option out of range', () => undefined, { idleTimeout: -1 }],
  ])('createUnixServer() throws at once for %s', (_what, handler, options) => {
    const make = (): unknown => createUnixServer(handler as () => void, options as object)
    expect(make).toThrow(/handler|"connect"|"tls"|"backlog"|"idleTimeout"/)
  })
})

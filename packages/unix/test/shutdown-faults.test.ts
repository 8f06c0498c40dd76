import { describe, expect, it } from '@jest/globals'
import { rejection, until } from '@sock/test-support/wait'
import { existsSync } from 'node:fs'
import { startChild, type Child } from './support/child.js'
import { useScratch } from './support/scratch.js'

const scratch = useScratch()

/** Clients in another process: they connect and send at once, say so in a file, and then wait for their answers. */
function startClients(path: string, marker: string, count: number): Child<(string | undefined)[]> {
  const clients = startChild(
    async ({ net, fs, say, hear }, at, done, amount) => {
      say('ready')
      await hear()
      let connected = 0
      const talk = (n: number): Promise<string | undefined> =>
        new Promise((resolve) => {
          let answer = ''
          const socket = net.connect({ path: at, allowHalfOpen: true })
          socket.on('data', (chunk) => (answer += String(chunk)))
          socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
          socket.once('end', () => resolve(answer))
          socket.once('connect', () => {
            socket.end(`client ${n}`, () => {
              connected += 1
              if (connected === amount) fs.writeFileSync(done, '')
            })
          })
        })
      return Promise.all(Array.from({ length: amount }, (_, n) => talk(n)))
    },
    path,
    marker,
    count,
  )
  scratch.later(() => clients.kill())
  return clients
}

/** Blocks the event loop until all files exist, so that no peer is accepted. */
function blockUntil(markers: string[]): void {
  const end = Date.now() + 120_000
  while (!markers.every((marker) => existsSync(marker))) {
    if (Date.now() > end) throw new Error('The clients do not connect')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
  }
}

describe('shutdown', () => {
  it.each([1, 2, 3])(
    'shutdown() serves 50 clients that wait in the accept queue (round %i) (G3)',
    async () => {
      const server = scratch.server()
      const path = scratch.path()
      await server.listen(path)
      const markers = [scratch.own('first'), scratch.own('second')]
      const groups = markers.map((marker) => startClients(path, marker, 25))
      await Promise.all(groups.map((group) => group.hear()))
      for (const group of groups) group.say('go')
      blockUntil(markers)
      expect(server.stats().accepted).toBe(0)

      const report = server.shutdown()
      expect(existsSync(path)).toBe(false)
      const expected = Array.from({ length: 25 }, (_, n) => `client ${n}`)
      expect(await Promise.all(groups.map((group) => group.result))).toEqual([expected, expected])
      expect(await report).toEqual({ idle: 0, drained: 50, forced: 0 })
      expect(server.stats()).toMatchObject({ accepted: 50, open: 0, handlerErrors: 0 })
    },
  )

  it('close() resets clients that wait in the accept queue, and leaves nothing', async () => {
    const server = scratch.server()
    const path = scratch.path()
    await server.listen(path)
    const clients = startClients(path, scratch.own('marker'), 5)
    await clients.hear()
    clients.say('go')
    blockUntil([scratch.path('marker')])
    await server.close()
    expect(await clients.result).toEqual(Array.from({ length: 5 }, () => 'ECONNRESET'))
    expect(existsSync(path)).toBe(false)
  })

  it('shutdown() takes the name away at once, while a busy connection is still served', async () => {
    const path = scratch.path()
    let finish: () => void = () => undefined
    const server = scratch.server(async (connection) => {
      await connection.read()
      await new Promise<void>((resolve) => (finish = resolve))
      await connection.write('done in the end')
    })
    await server.listen(path)
    const client = await scratch.connect(path)
    await client.write('work')
    await until(() => server.stats().bytesRead === 4, 'the handler works')
    const report = server.shutdown()
    expect(server.state).toBe('draining')
    expect(scratch.names()).toEqual([])
    expect(await rejection(scratch.connect(path))).toMatchObject({ code: 'ENOENT' })
    finish()
    expect(String(await client.read())).toBe('done in the end')
    await client.close()
    expect(await report).toEqual({ idle: 0, drained: 1, forced: 0 })
  })
})

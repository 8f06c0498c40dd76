import { describe, expect, it } from '@jest/globals'
import { exchange, type Connection, type Transport } from '@sock/core'
import { spawnSync } from 'node:child_process'
import { connectMemory, createMemoryServer, type MemoryServer } from '../src/index.js'

const echo = async (connection: Connection): Promise<void> => {
  for await (const chunk of connection) await connection.write(chunk)
}

let count = 0

/** A server that is closed when the test is over, whatever comes. */
async function withServer(
  server: MemoryServer,
  body: (name: string) => Promise<void>,
  name = `test ${++count}`,
): Promise<void> {
  await server.listen(name)
  try {
    await body(name)
  } finally {
    await server.close()
  }
}

describe('createMemoryServer', () => {
  it('createMemoryServer() is known by its name, which prints like one', () =>
    withServer(createMemoryServer(echo), async (name) => {
      const client = await connectMemory(name)
      expect([String(client.remoteAddress), String(client.localAddress)]).toEqual([name, ''])
      expect(String(await exchange(client, 'hello'))).toBe('hello')
    }))

  it('createMemoryServer() is a transport that the types of core know', () => {
    const name: Transport = 'memory'
    expect(createMemoryServer(echo).transport).toBe(name)
  })

  it('createMemoryServer() refuses a name that is taken, and takes it once it is free', () =>
    withServer(createMemoryServer(echo), async (name) => {
      const other = createMemoryServer(echo)
      await expect(other.listen(name)).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' })
      expect(String(await exchange(await connectMemory(name), 'still there'))).toBe('still there')
      await other.close()
    }))

  it('createMemoryServer() leaves its name to the next one when it begins to drain', async () => {
    let finish = (): void => {}
    const slow = createMemoryServer(() => new Promise<void>((resolve) => (finish = resolve)))
    await withServer(slow, async (name) => {
      const client = await connectMemory(name)
      const stopping = slow.shutdown()
      const next = createMemoryServer(echo)
      await withServer(
        next,
        async () => {
          finish()
          await client.close()
          await stopping
          expect(String(await exchange(await connectMemory(name), 'next'))).toBe('next')
        },
        name,
      )
    })
  })

  it('createMemoryServer() lets no more wait than "backlog"', () =>
    withServer(createMemoryServer(echo, { backlog: 2 }), async (name) => {
      const attempts = await Promise.allSettled([1, 2, 3].map(() => connectMemory(name)))
      expect(attempts.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
      expect(attempts[2]).toMatchObject({ reason: { code: 'ECONNREFUSED', syscall: 'connect' } })
    }))

  it('createMemoryServer() accepts nobody after it was closed, those who wait included', async () => {
    const server = createMemoryServer(() => server.close())
    await withServer(server, async (name) => {
      const [first, second] = await Promise.all([connectMemory(name), connectMemory(name)])
      await server.closed
      expect(server.stats().accepted).toBe(1)
      // Whether that is a reset for the one who was accepted is core's to say.
      await first.read().catch(() => null)
      await expect(second.read()).rejects.toMatchObject({ code: 'ERR_SOCK_RESET' })
    })
  })

  it('createMemoryServer() takes the options that it has, and no others', () => {
    expect(() => createMemoryServer(echo, { backlog: 0 })).toThrow(/"backlog".*0/)
    expect(() => createMemoryServer(echo, { configure() {} } as never)).toThrow(/Unknown option "configure"/)
    expect(() => createMemoryServer(echo, { engine: {} } as never)).toThrow(/Unknown option "engine"/)
  })

  it('createMemoryServer() keeps the process alive until it is closed, and no longer', () => {
    const program = `
      import { createMemoryServer } from '@sock-examples/memory'
      const server = createMemoryServer(() => {})
      await server.listen('here')
      setTimeout(() => server.close(), 100).unref()
      process.on('exit', () => console.log(server.state))`
    const args = ['--input-type=module', '--eval', program]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      timeout: 120_000,
    })
    expect([stderr, status, stdout]).toEqual(['', 0, 'closed\n'])
  })
})

describe('connectMemory', () => {
  it('connectMemory() rejects with ECONNREFUSED where nobody listens', async () => {
    await expect(connectMemory('nobody')).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED nobody',
    })
  })

  it('connectMemory() resets those who wait when the server closes at once', async () => {
    const server = createMemoryServer(echo)
    await server.listen('closing')
    const connecting = connectMemory('closing')
    await Promise.all([connecting, server.close()])
    await expect((await connecting).read()).rejects.toMatchObject({ code: 'ERR_SOCK_RESET' })
    expect(server.stats().accepted).toBe(0)
  })

  it('connectMemory() gives a connection that shares no bytes with the other side', () =>
    withServer(
      createMemoryServer(async (connection) => {
        const got = (await connection.read()) as Buffer
        got.fill('x')
        await connection.write(got)
      }),
      async (name) => {
        const client = await connectMemory(name)
        const sent = Buffer.from('mine')
        await client.write(sent)
        expect(String(await client.read())).toBe('xxxx')
        expect(String(sent)).toBe('mine')
      },
    ))

  it('connectMemory() tells a reset from an end, as TCP does', () =>
    withServer(
      createMemoryServer(async (connection) => {
        if (String(await connection.read()) === 'fail') throw new Error('On purpose')
      }),
      async (name) => {
        const failed = await connectMemory(name)
        await failed.write('fail')
        await expect(failed.read()).rejects.toMatchObject({
          code: 'ERR_SOCK_RESET',
          cause: { code: 'ECONNRESET' },
        })
        const ended = await connectMemory(name)
        await ended.write('end')
        expect(await ended.read()).toBeNull()
      },
    ))
})

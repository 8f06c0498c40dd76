import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { Connection, StreamHandler, StreamServerOptions } from '../../../src/index.js'
import { readAll, readExactly } from '@sock/testing'
import { connectNode, createNodeServer } from '../../support/node-server.js'

const COUNT = 100
const LINES = Array.from({ length: COUNT }, (_, index) => `line ${index}\n`)
const ALL = LINES.join('')

const closing: (() => unknown)[] = []
let now = 1000

beforeEach(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(async () => {
  jest.restoreAllMocks()
  for (const close of closing.splice(0).toReversed()) await close()
})

/** Counts what Node's stream hands to the system: one call each, of one write or of several together. */
function count(socket: Socket, calls: string[]): void {
  const counted = socket as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const name of ['_write', '_writev']) {
    const method = counted[name] as (...args: unknown[]) => unknown
    counted[name] = function (...args) {
      calls.push(name)
      return Reflect.apply(method, this, args)
    }
  }
}

/** A client, and how often its server called the system for what the handler has written. */
async function scene(handler: StreamHandler, options?: StreamServerOptions) {
  const calls: string[] = []
  const server = createNodeServer(handler, {
    ...options,
    configure: (socket: Socket) => count(socket, calls),
  })
  closing.push(() => server.close())
  const client = await connectNode(await server.listen('127.0.0.1:0'))
  closing.push(() => client.destroy())
  return { calls, client }
}

const ways: Record<string, (connection: Connection) => unknown> = {
  'one after the other': (connection) => {
    for (const line of LINES) void connection.write(line)
  },
  'each awaited': async (connection) => {
    for (const line of LINES) await connection.write(line)
  },
  'with Promise.all': (connection) => Promise.all(LINES.map((line) => connection.write(line))),
  'in microtasks': (connection) => {
    for (const line of LINES) queueMicrotask(() => void connection.write(line))
  },
  'in ticks': (connection) => {
    for (const line of LINES) process.nextTick(() => void connection.write(line))
  },
  'by a timer': (connection) => {
    setTimeout(() => {
      for (const line of LINES) void connection.write(line)
    })
  },
}

describe('writes of one turn', () => {
  it.each(Object.keys(ways))(
    'the first write of a turn leaves at once, and all others together: %s',
    async (way) => {
      const { calls, client } = await scene({ data: ways[way] as never })
      await client.write('go')
      expect(`${await readExactly(client, ALL.length)}`).toBe(ALL)
      // The first `await` ends the callback; what follows is a turn of its own.
      const first = way === 'each awaited' ? ['_write', '_write'] : ['_write']
      expect(calls).toEqual([...first, '_writev'])
    },
  )

  it('writes of one turn leave together when a handler function reads what waits', async () => {
    const { calls, client } = await scene(async (connection) => {
      await connection.read()
      for (const line of LINES) await connection.write(line)
    })
    await client.write('go')
    expect(`${await readExactly(client, ALL.length)}`).toBe(ALL)
    expect(calls).toEqual(['_write', '_writev'])
  })

  it('a write that is the only one of its turn is not held back', async () => {
    const { calls, client } = await scene({
      open(connection) {
        void connection.write('o')
      },
      data: (connection, chunk) => connection.write(chunk),
    })
    const nextTick = jest.spyOn(process, 'nextTick')
    expect(`${await readExactly(client, 1)}`).toBe('o')
    for (let round = 1; round <= 10; round++) {
      await client.write('x')
      await readExactly(client, 1)
      expect(calls).toHaveLength(round + 1)
    }
    const ticks = nextTick.mock.calls.map(([callback]) => callback.name)
    expect(ticks).not.toContain('release')
    expect(new Set(calls)).toEqual(new Set(['_write']))
  })

  it('writes of one turn leave before its end when they are many bytes, many writes, or take long', async () => {
    const seen: number[] = []
    const { calls, client } = await scene({
      data(connection) {
        const look = (): void => void seen.push(calls.length)
        void connection.write('first')
        void connection.write(Buffer.alloc(64 * 1024))
        look()
        for (let index = 0; index < 512; index++) void connection.write('x')
        look()
        void connection.write('a')
        now += 10
        void connection.write('b')
        look()
        void connection.write('c')
        look()
      },
    })
    await client.write('go')
    await readExactly(client, 5 + 64 * 1024 + 512 + 3)
    expect(seen).toEqual([2, 3, 4, 4])
    expect(calls).toHaveLength(5)
  })

  it.each([
    ['close()', (connection: Connection) => void connection.close()],
    ['closeWrite()', (connection: Connection) => void connection.closeWrite()],
    ['destroy()', (connection: Connection) => connection.destroy()],
  ])('writes of one turn leave before %s', async (_, end) => {
    const { calls, client } = await scene({
      data(connection) {
        for (const line of LINES) void connection.write(line)
        end(connection)
      },
    })
    await client.write('go')
    expect(`${await readAll(client)}`).toBe(ALL)
    expect(calls).toEqual(['_write', '_writev'])
  })

  it('write() does not wait for writes that are held for the turn, but for bytes that the system does not take', async () => {
    const states: boolean[] = []
    const { client } = await scene(
      {
        async data(connection) {
          void connection.write('a')
          void connection.write('b')
          states.push(connection.writableNeedDrain)
          await connection.write('c')
          // Far more than the system takes.
          for (let index = 0; index < 1024; index++) void connection.write(Buffer.alloc(16 * 1024))
          states.push(connection.writableNeedDrain)
          await turn()
          states.push(connection.writableNeedDrain)
        },
      },
      { highWaterMark: 64 * 1024 },
    )
    await client.write('go')
    expect((await readExactly(client, 3 + 16 * 1024 * 1024)).length).toBe(3 + 16 * 1024 * 1024)
    expect(states).toEqual([false, true, true])
  })
})

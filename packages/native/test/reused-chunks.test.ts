import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Connection, StreamHandler } from '@sock/core'
import { exchange, relay } from '@sock/core'
import { nodeEngine } from '@sock/core/stream'
import { assertNothingLeft, takeInventory, type Inventory } from '@sock/testing'
import { createServer, type AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { createEngine, engine } from '../src/index.js'
import { describeNative, itChecked } from './support/needs.js'
import { createPair, readBytes } from './support/pair.js'
import { connectIp, createIpServer } from './support/servers.js'

/** What chunks that are not valid any more are filled with, in builds for tests. */
const OVER = 0xdb
const MIB = 2 ** 20

const reusing = createEngine({ reuseChunks: true })

let before: Inventory
beforeEach(() => {
  before = takeInventory(() => [])
})
afterEach(() => assertNothingLeft(before, () => []))

/** Bytes in which every misplaced piece shows: a counter of 4 bytes. */
function counting(length: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(seed + at, at)
  return bytes
}

/** Closes both ends. */
async function over({ ours, peer, witness }: Awaited<ReturnType<typeof createPair>>): Promise<void> {
  peer.destroy()
  ours.destroy()
  await witness.has('closed')
}

/** Calls `run` with a client of a server with this handler. Both reuse chunks. */
async function served(handler: StreamHandler, run: (client: Connection) => Promise<void>): Promise<void> {
  const server = createIpServer(handler, { engine: reusing })
  const address = (await server.listen('127.0.0.1:0')) as { host: string; port: number }
  const client = await connectIp(address, { engine: reusing })
  try {
    await run(client)
  } finally {
    client.destroy()
    await server.close()
  }
}

/** Reads to the end. */
async function readAll(connection: Connection): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of connection) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

describe('createEngine()', () => {
  it('createEngine() wants reuseChunks to be a boolean', () => {
    expect(() => createEngine({ reuseChunks: 1 } as never)).toThrow('"reuseChunks"')
  })
})

describeNative('a port with reuseChunks', () => {
  it('a port with reuseChunks reads into the memory of a chunk again once it was given back', async () => {
    const { ours, peer, witness } = await createPair(reusing)
    const places = new Set<string>()
    const memories = new Set<unknown>()
    witness.onChunk = (chunk) => {
      memories.add(chunk.buffer)
      places.add(`${chunk.byteOffset}`)
      ours.held?.(chunk)
      ours.held?.()
    }
    for (let round = 1; round <= 1000; round++) {
      peer.write(Buffer.alloc(700, round))
      await witness.until(({ bytes }) => bytes === 700 * round)
    }
    expect(memories.size).toBe(1)
    expect([...places]).toEqual(['0'])
    await over({ ours, peer, witness })
  })

  it('a port with reuseChunks never reads into the memory of a chunk that was not given back, however many come after it', async () => {
    const { ours, peer, witness } = await createPair(reusing)
    const sent = counting(4 * MIB)
    peer.write(sent)
    await witness.until(({ bytes }) => bytes === sent.length)
    // More than all slabs together.
    expect(Buffer.concat(witness.chunks).equals(sent)).toBe(true)
    await over({ ours, peer, witness })
  })

  it('a port with reuseChunks that must keep its chunks reads small ones into small memory, as one without', async () => {
    const { ours, peer, witness } = await createPair(reusing)
    peer.write('a')
    await witness.until(({ bytes }) => bytes === 1)
    ours.keepChunks?.()
    peer.write('b')
    await witness.until(({ bytes }) => bytes === 2)
    const [lent = 0, kept = 0] = witness.chunks.map((chunk) => chunk.buffer.byteLength)
    expect(kept).toBeLessThan(lent)
    await over({ ours, peer, witness })
  })

  it('a port with reuseChunks keeps its chunk while other ports give theirs back', async () => {
    const slow = await createPair(reusing)
    const quick = await createPair(reusing)
    quick.witness.onChunk = (chunk) => {
      quick.ours.held?.(chunk)
      quick.ours.held?.()
    }
    slow.peer.write('remember me')
    await slow.witness.until(({ bytes }) => bytes === 11)
    const [kept] = slow.witness.chunks as [Buffer]
    slow.ours.held?.(kept)
    for (let round = 1; round <= 20; round++) {
      quick.peer.write(Buffer.alloc(100_000, round))
      await quick.witness.until(({ bytes }) => bytes === 100_000 * round)
    }
    expect(String(kept)).toBe('remember me')
    await over(slow)
    await over(quick)
  })

  it('a port with reuseChunks keeps all chunks after keepChunks()', async () => {
    const { ours, peer, witness } = await createPair(reusing)
    ours.keepChunks?.()
    witness.onChunk = (chunk) => ours.held?.(chunk)
    const sent = counting(3 * MIB)
    peer.write(sent)
    await witness.until(({ bytes }) => bytes === sent.length)
    expect(Buffer.concat(witness.chunks).equals(sent)).toBe(true)
    await over({ ours, peer, witness })
  })

  itChecked(
    'a port with reuseChunks overwrites a chunk that was given back, in the addon that checks itself',
    async () => {
      const { ours, peer, witness } = await createPair(reusing)
      peer.write('a secret')
      await witness.until(({ bytes }) => bytes === 8)
      const [chunk] = witness.chunks as [Buffer]
      ours.held?.(chunk)
      expect(String(chunk)).toBe('a secret')
      ours.held?.()
      expect(chunk.equals(Buffer.alloc(8, OVER))).toBe(true)
      await over({ ours, peer, witness })
    },
  )

  it('a port with reuseChunks goes on when the program tries to transfer the memory of a chunk', async () => {
    const { ours, peer, witness } = await createPair(reusing)
    witness.onChunk = (chunk) => ours.held?.(chunk)
    for (let round = 1; round <= 20; round++) {
      peer.write(Buffer.alloc(100_000, round))
      await witness.until(({ bytes }) => bytes === 100_000 * round)
      const { buffer } = witness.chunks.at(-1) as Buffer
      try {
        structuredClone(0, { transfer: [buffer as ArrayBuffer] })
      } catch (error) {
        // Node 20 ignores it instead.
        expect((error as Error).name).toBe('DataCloneError')
      }
      if (round % 3 === 0) ours.held?.()
    }
    await over({ ours, peer, witness })
  })
})

describeNative('reuseChunks', () => {
  const echoes: Readonly<Record<string, StreamHandler>> = {
    'data that does not wait': { data: (connection, chunk) => void connection.write(chunk) },
    'data that waits': { data: (connection, chunk) => connection.write(chunk) },
    'for await': async (connection) => {
      for await (const chunk of connection) await connection.write(chunk)
    },
    'read()': async (connection) => {
      for (let chunk = await connection.read(); chunk !== null; chunk = await connection.read())
        void connection.write(chunk)
    },
    'a stream': { open: ({ stream }) => void stream.pipe(stream) },
  }

  it.each(Object.keys(echoes))(
    'an echo by %s with reuseChunks sends back every byte, also to a peer that reads late',
    async (form) => {
      const sent = counting(12 * MIB)
      await served(echoes[form] as StreamHandler, async (client) => {
        const writing = client.write(sent)
        // The server has more to send than the system has room for.
        for (let round = 0; round < 50; round++) await turn()
        void client.closeWrite()
        expect((await readAll(client)).equals(sent)).toBe(true)
        await writing
      })
    },
  )

  it('write() to a connection of another engine copies chunks of reuseChunks', async () => {
    const sent = counting(8 * MIB)
    const target = createServer({ pauseOnConnect: true })
    const arrived = new Promise<Buffer>((resolve) => {
      target.on('connection', (socket) => {
        // It begins to read late, so that bytes wait in the sender.
        setImmediate(() => void readBytes(socket, sent.length).then((bytes) => resolve(bytes)))
      })
    })
    await new Promise<void>((listening) => target.listen(0, '127.0.0.1', () => listening()))
    const { port } = target.address() as AddressInfo
    const passedOn = { host: '127.0.0.1', port }
    await served(
      async (connection) => {
        const further = await connectIp(passedOn, { engine: nodeEngine } as never)
        for await (const chunk of connection) void further.write(chunk)
        await further.close()
      },
      async (client) => {
        await client.write(sent)
        await client.closeWrite()
        expect((await arrived).equals(sent)).toBe(true)
        await client.close()
      },
    )
    target.close()
  })

  it('data with reuseChunks sees its own chunk until its promise settles, on several connections at once', async () => {
    const wrong: string[] = []
    const server = createIpServer(
      {
        async data(connection, chunk) {
          const first = Buffer.from(chunk)
          for (let round = 0; round < 5; round++) await turn()
          if (!first.equals(chunk)) wrong.push(`connection ${connection.id}`)
          await connection.write(chunk)
        },
      },
      { engine: reusing },
    )
    const address = (await server.listen('127.0.0.1:0')) as { host: string; port: number }
    const echo = async (seed: number): Promise<void> => {
      const sent = counting(600_000, seed)
      expect((await exchange(await connectIp(address, { engine: reusing }), sent)).equals(sent)).toBe(true)
    }
    await Promise.all(Array.from({ length: 12 }, (_, index) => echo(1_000_000 * index)))
    expect(wrong).toEqual([])
    await server.shutdown()
  })

  it('chunks of connection.stream stay as they are with reuseChunks', async () => {
    const sent = counting(3 * MIB)
    await served(
      (connection) => connection.write(sent),
      async (client) => {
        const kept: Buffer[] = []
        for await (const chunk of client.stream) kept.push(chunk as Buffer)
        expect(Buffer.concat(kept).equals(sent)).toBe(true)
      },
    )
  })

  it('relay() between connections with reuseChunks carries every byte', async () => {
    const sent = counting(5 * MIB)
    const behind = createIpServer({ data: (connection, chunk) => void connection.write(chunk) }, { engine })
    const address = (await behind.listen('127.0.0.1:0')) as { host: string; port: number }
    await served(
      async (client) => void (await relay(client, await connectIp(address, { engine: reusing }))),
      async (client) => expect((await exchange(client, sent)).equals(sent)).toBe(true),
    )
    await behind.shutdown()
  })
})

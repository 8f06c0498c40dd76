import { afterEach, describe, expect, it } from '@jest/globals'
import type { Connection } from '@sock/core'
import { Duplex } from 'node:stream'
import { ReadableStream, WritableStream, type ReadableWritablePair } from 'node:stream/web'
import { connectTcp, createTcpServer, type TcpServer } from '../src/index.js'

const MIB = 1024 * 1024
const SIZE = 8 * MIB

let server: TcpServer | undefined
afterEach(() => server?.close())

async function serve(handler: (connection: Connection) => Promise<void>): Promise<Connection> {
  server = createTcpServer(handler)
  return connectTcp(await server.listen('127.0.0.1:0'))
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** A promise that `open` resolves. */
function createTestGate<T>(): { readonly promise: Promise<T>; open(value: T): void } {
  let open!: (value: T) => void
  const promise = new Promise<T>((resolve) => (open = resolve))
  return { promise, open }
}

function toWeb(connection: Connection): ReadableWritablePair<Uint8Array, Uint8Array> {
  return Duplex.toWeb(connection.stream)
}

const echo = async (connection: Connection): Promise<void> => {
  for await (const chunk of connection) await connection.write(chunk)
}

describe('Duplex.toWeb(connection.stream)', () => {
  it('Duplex.toWeb(connection.stream) gives back every byte of an echo, and both sides end', async () => {
    const client = await serve(echo)
    const { readable, writable } = toWeb(client)
    const sent = Buffer.alloc(SIZE, 'as it was ')
    const source = new Blob([sent]).stream()
    const sending = source.pipeTo(writable)
    const parts: Uint8Array[] = []
    for await (const chunk of readable) parts.push(chunk)
    await sending
    expect(Buffer.concat(parts).equals(sent)).toBe(true)
    await client.close()
  })

  it('the writable of Duplex.toWeb(connection.stream) waits while the peer reads nothing', async () => {
    const accepted = createTestGate<Connection>()
    server = createTcpServer({ open: (connection) => accepted.open(connection) })
    const client = await connectTcp(await server.listen('127.0.0.1:0'))
    const writer = toWeb(client).writable.getWriter()
    const chunk = Buffer.alloc(MIB)
    let sent = 0
    while (!client.stream.writableNeedDrain) {
      void writer.write(chunk)
      sent += chunk.length
      expect(sent).toBeLessThan(64 * MIB)
      await turn()
    }
    let isWritten = false
    const last = writer.write(chunk).then(() => (isWritten = true))
    for (let turns = 0; turns < 10; turns++) await turn()
    expect(isWritten).toBe(false)
    const closing = writer.close()
    const peer = await accepted.promise
    let got = 0
    for await (const part of peer) got += part.length
    void peer.close()
    await Promise.all([last, closing])
    expect(got).toBe(sent + chunk.length)
  })

  it('the readable of Duplex.toWeb(connection.stream) leaves input with the peer until it is read', async () => {
    let written = 0
    const stuck = createTestGate<Connection>()
    server = createTcpServer({
      async open(connection) {
        while (!connection.writableNeedDrain) {
          void connection.write(Buffer.alloc(MIB))
          written += MIB
          await turn()
        }
        stuck.open(connection)
      },
    })
    const client = await connectTcp(await server.listen('127.0.0.1:0'))
    const { readable, writable } = toWeb(client)
    const peer = await stuck.promise
    expect(client.bytesRead).toBeLessThan(written)
    void peer.close()
    // Before Node 26.3 the readable does not end while the writable is open.
    const closing = writable.close()
    let got = 0
    for await (const part of readable) got += part.length
    await closing
    expect(got).toBe(written)
  })

  it('cancel() of the readable of Duplex.toWeb(connection.stream) ends the connection for both sides', async () => {
    let ended: (() => void) | undefined
    const closed = new Promise<void>((resolve) => (ended = resolve))
    server = createTcpServer({ open: (connection) => void connection.write('hello'), close: () => ended?.() })
    const client = await connectTcp(await server.listen('127.0.0.1:0'))
    const reader = toWeb(client).readable.getReader()
    expect(String(Buffer.from((await reader.read()).value as Uint8Array))).toBe('hello')
    await reader.cancel().catch(() => {})
    await closed
    expect(client.isOpen).toBe(false)
  })

  it('a connection that breaks makes both streams of Duplex.toWeb(connection.stream) fail', async () => {
    const client = await serve(async (connection) => {
      await connection.read()
      connection.destroy(new Error('enough'))
    })
    const { readable, writable } = toWeb(client)
    const [reader, writer] = [readable.getReader(), writable.getWriter()]
    const broken = Promise.allSettled([reader.closed, writer.closed])
    await writer.write(Buffer.from('break'))
    expect((await broken).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

describe('web streams made of a connection itself', () => {
  it('ReadableStream.from(connection) piped to its write() is an echo that sees the end of the input', async () => {
    const client = await serve(async (connection) => {
      const sink = new WritableStream<Buffer>({
        write: (chunk) => connection.write(chunk),
        close: () => connection.closeWrite(),
        abort: (reason) => connection.destroy(reason as Error),
      })
      await ReadableStream.from(connection).pipeTo(sink)
    })
    const sent = Buffer.alloc(SIZE, 'as it was ')
    const sending = client.write(sent).then(() => client.closeWrite())
    const parts: Buffer[] = []
    for await (const chunk of client) parts.push(chunk)
    await sending
    expect(Buffer.concat(parts).equals(sent)).toBe(true)
  })

  it('cancel() of ReadableStream.from(connection) stops reading, and not writing', async () => {
    const client = await serve(echo)
    const reader = ReadableStream.from(client).getReader()
    await client.write('hello')
    expect(String((await reader.read()).value)).toBe('hello')
    await reader.cancel()
    expect(client.isOpen).toBe(true)
    expect(await client.read()).toBeNull()
    await client.close()
  })
})

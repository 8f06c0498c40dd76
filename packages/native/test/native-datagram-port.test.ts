import { afterEach, expect, it } from '@jest/globals'
import type { DatagramChannel, IpAddress } from '@sock/core'
import { executionAsyncId } from 'node:async_hooks'
import { once } from 'node:events'
import { createSocket, type Socket } from 'node:dgram'
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createEngine, engine } from '../src/index.js'
import { watch } from './support/async-resources.js'
import { runProgram } from './support/child.js'
import { connectUdp, createUdpServer } from './support/datagram-sockets.js'
import { describeNative as describe, itWithNetwork } from './support/needs.js'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

type Create = typeof createUdpServer

async function serve(...args: Parameters<Create>): Promise<ReturnType<Create> & { address: IpAddress }> {
  const server = createUdpServer(...args)
  closers.push(() => server.close())
  await server.listen('127.0.0.1:0')
  return server as ReturnType<Create> & { address: IpAddress }
}

/** A socket of Node's, connected to a server. */
async function peer({ port, host }: IpAddress): Promise<Socket> {
  const socket = createSocket('udp4')
  closers.push(() => socket.close())
  socket.connect(port, host)
  await once(socket, 'connect')
  return socket
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    if (attempt > 60_000) throw new Error(`Waited in vain: ${condition}`)
    await delay(2)
  }
}

/** Lets datagrams arrive while nothing is read, so that they come in one batch. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

const descriptors = (): number => readdirSync('/proc/self/fd').length

describe('a datagram socket', () => {
  it('a datagram socket receives all datagrams in few batches', async () => {
    const turns = new Set<number>()
    let turn = 0
    let count = 0
    const server = await serve({
      data() {
        count += 1
        turns.add(turn)
        setImmediate(() => (turn += 1))
      },
    })
    const socket = await peer(server.address)
    for (let index = 0; index < 100; index++) socket.send('x')
    block(20)
    await until(() => count === 100)
    expect(turns.size).toBeLessThan(20)
  })

  it('a datagram socket that is closed in the middle of a batch delivers nothing more, counts the rest, and calls close once', async () => {
    let count = 0
    let closed = 0
    const server = await serve({
      data() {
        count += 1
        if (count === 3) void server.close()
      },
      close: () => void (closed += 1),
    })
    const socket = await peer(server.address)
    for (let index = 0; index < 20; index++) socket.send('x')
    block(20)
    await server.closed
    expect([count, closed]).toEqual([3, 1])
    // What the batch has no room for is left with the system.
    const { datagramsReceived: received, datagramsDropped: dropped } = server.stats()
    expect([received + dropped.kernel, dropped.closing]).toEqual([20, received - 3])
  })

  it('a datagram socket lets timers and others have their turn while it is flooded', async () => {
    let flood = 0
    const flooded = await serve({ data: () => void (flood += 1) })
    const quiet = await serve({ data: (channel, data) => channel.write(data) })
    const code = `
      import { createSocket } from 'node:dgram'
      const socket = createSocket('udp4')
      const send = () => {
        for (let index = 0; index < 50; index++) socket.send('x', ${flooded.address.port}, '127.0.0.1')
        setImmediate(send)
      }
      send()`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
    closers.push(() => worker.terminate())
    const socket = await peer(quiet.address)
    await until(() => flood > 1_000)
    for (let round = 0; round < 20; round++) {
      const before = flood
      socket.send('?')
      await once(socket, 'message')
      await delay(1)
      // The flood goes on meanwhile.
      await until(() => flood > before)
    }
  })

  it('a datagram socket sends what is sent in a batch in order, whether it is copied or not', async () => {
    const sizes = Array.from({ length: 300 }, (_, index) => (index % 7 === 0 ? 3_000 : index % 40))
    const server = await serve({
      data(channel, _, from) {
        for (const size of sizes) void channel.send(Buffer.alloc(size), from!)
      },
    })
    const socket = await peer(server.address)
    socket.setRecvBufferSize(1_000_000)
    const seen: number[] = []
    socket.on('message', ({ length }) => seen.push(length))
    socket.send('go')
    await until(() => seen.length === sizes.length)
    expect(seen).toEqual(sizes)
    expect(server.stats()).toMatchObject({ datagramsSent: 300, sendErrors: 0 })
  })

  it('a datagram socket sends each of a burst as a datagram of its own, whatever their sizes are', async () => {
    // Runs of one size, some longer than what the kernel cuts out of one message, and each ended by another size.
    const sizes = [
      ...Array.from({ length: 70 }, () => 64),
      ...Array.from({ length: 60 }, () => 1_400),
      1_399,
      1,
      0,
      0,
      2_000,
      2_000,
      5,
    ]
    for (const [target, family] of [
      ['127.0.0.1:0', 'udp4'],
      ['[::1]:0', 'udp6'],
    ] as const) {
      const server = createUdpServer({
        data(channel) {
          for (const [index, size] of sizes.entries()) void channel.write(Buffer.alloc(size, index))
        },
      })
      closers.push(() => server.close())
      const { port } = await server.listen(target)
      const socket = createSocket({ type: family, recvBufferSize: 1_000_000 })
      closers.push(() => socket.close())
      const seen: Buffer[] = []
      socket.on('message', (message) => seen.push(message))
      socket.send('go', port, family === 'udp4' ? '127.0.0.1' : '::1')
      await until(() => seen.length === sizes.length)
      expect(seen.map(({ length }) => length)).toEqual(sizes)
      expect(seen.every((message, index) => message.every((byte) => byte === index % 256))).toBe(true)
    }
  })

  itWithNetwork(
    'a datagram socket sends a burst one by one where the route cannot carry it in one',
    async () => {
      expect(await runProgram('small-packets', [], { under: ['unshare', '--net'] })).toEqual({
        received: Array.from({ length: 20 }, () => 1_400),
        refused: 0,
      })
    },
  )

  it('a datagram socket sends bytes as they were at the call, though they change later', async () => {
    const server = await serve({
      data(channel) {
        const data = Buffer.from('before')
        void channel.write(data)
        data.fill('x')
      },
    })
    const socket = await peer(server.address)
    socket.send('go')
    const [message] = (await once(socket, 'message')) as [Buffer]
    expect(String(message)).toBe('before')
  })

  it('a datagram socket rejects what the system refuses, and only that', async () => {
    const outcomes: unknown[] = []
    const note = async (sending: Promise<void>): Promise<void> => {
      outcomes.push(
        await sending.then(
          () => 'sent',
          (error: { code?: string }) => error.code,
        ),
      )
    }
    // 255.255.255.255 needs a socket that may send to all.
    const everybody = { family: 'ipv4', host: '255.255.255.255', port: 9 } as const
    const server = await serve({
      data(channel, data, from) {
        void note(channel.write(data))
        void note(channel.send(data, everybody))
        void note(channel.send(data, { ...from!, family: 'ipv4', host: '127.0.0.1', port: 0 }))
        void note(channel.send(Buffer.alloc(65_508), from!))
        void note(channel.send(data, from!))
      },
    })
    const socket = await peer(server.address)
    let answers = 0
    socket.on('message', () => (answers += 1))
    socket.send('go')
    await until(() => answers === 2 && outcomes.length === 5)
    const count = (outcome: string): number => outcomes.filter((other) => other === outcome).length
    expect(count('sent')).toBe(2)
    expect(count('ERR_SOCK_INVALID_ADDRESS')).toBe(1)
    expect(count('ERR_SOCK_MESSAGE_TOO_LARGE')).toBe(1)
    // The code depends on the user and on the network.
    expect(outcomes.some((outcome) => /^E(ACCES|NETUNREACH)$/.test(String(outcome)))).toBe(true)
  })

  it('a datagram socket answers each of more senders than it has places for, also in one batch', async () => {
    const server = await serve(
      { data: (channel, data) => void channel.write(data) },
      {},
      {
        receiveBufferSize: 1_000_000,
      },
    )
    const answers: string[] = []
    const sockets = await Promise.all(Array.from({ length: 400 }, () => peer(server.address)))
    for (let round = 0; round < 3; round++) {
      sockets.forEach((socket, index) => socket.send(`${round} ${index}`))
      sockets.forEach((socket, index) =>
        socket.once('message', (data) => {
          if (String(data) === `${round} ${index}`) answers.push(String(data))
        }),
      )
      block(5)
      await until(() => answers.length === (round + 1) * sockets.length)
    }
  })

  it('a datagram socket answers senders in order that replace each other in the cache within one batch', async () => {
    const server = await serve(
      { data: (channel, data) => void channel.write(data) },
      {},
      { receiveBufferSize: 1_000_000 },
    )
    // Among so many, some nearly always share one of the 1,024 places.
    for (let group = 0; group < 8; group++) {
      const sockets = await Promise.all(Array.from({ length: 60 }, () => peer(server.address)))
      const heard = sockets.map((): string[] => [])
      sockets.forEach((socket, index) => socket.on('message', (data) => heard[index]?.push(String(data))))
      for (const text of ['first', 'second']) for (const socket of sockets) socket.send(text)
      block(5)
      await until(() => heard.every(({ length }) => length === 2))
      expect(heard).toEqual(sockets.map(() => ['first', 'second']))
    }
  })

  it('a datagram socket returns one address object for a sender as long as it is known', async () => {
    const froms = new Set<unknown>()
    const server = await serve({ data: (_, __, from) => void froms.add(from) })
    const socket = await peer(server.address)
    for (let index = 0; index < 5; index++) socket.send('x')
    await until(() => server.stats().datagramsReceived === 5)
    expect(froms.size).toBe(1)
    expect([...froms][0]).toMatchObject({ family: 'ipv4', host: '127.0.0.1', port: socket.address().port })
  })

  it('a datagram socket delivers small and large datagrams in turn, each whole', async () => {
    const seen: [number, number, boolean][] = []
    const server = await serve({
      data(_, data) {
        seen.push([data.length, data.buffer.byteLength, data.every((byte) => byte === data.length % 251)])
      },
    })
    const socket = await peer(server.address)
    const sizes = [10, 60_000, 10, 60_000, 0, 1_400, 65_507, 1]
    for (const size of sizes) {
      socket.send(Buffer.alloc(size, size % 251))
      await until(() => seen.length === sizes.indexOf(size) + 1 || seen.at(-1)?.[0] === size)
    }
    await until(() => seen.length === sizes.length)
    expect(seen.map(([length]) => length)).toEqual(sizes)
    expect(seen.every(([, , isWhole]) => isWhole)).toBe(true)
    // A slice keeps its whole slab in memory.
    for (const [length, slab] of seen) expect(slab).toBeLessThanOrEqual(length <= 8_192 ? 65_536 : 262_144)
  })

  it('a datagram socket counts what the system dropped, also at the end', async () => {
    const server = await serve({ data() {} }, {}, { receiveBufferSize: 4_096 })
    const socket = await peer(server.address)
    for (let index = 0; index < 200; index++) socket.send(Buffer.alloc(500))
    block(50)
    const came = (): number => {
      const { datagramsReceived, datagramsDropped } = server.stats()
      return datagramsReceived + datagramsDropped.kernel
    }
    await until(() => came() === 200)
    expect(server.stats().datagramsDropped.kernel).toBeGreaterThan(0)
    await server.close()
    expect(came()).toBe(200)
  })

  it('a datagram socket stops reading when a handler has no room, and drops nothing', async () => {
    let go = (): void => undefined
    const stuck = new Promise<void>((resolve) => (go = resolve))
    const server = await serve({ data: () => stuck }, { maxQueuedBytes: 2_000 })
    const socket = await peer(server.address)
    for (let index = 0; index < 50; index++) socket.send(Buffer.alloc(100))
    block(20)
    await until(() => server.stats().datagramsReceived === 10)
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    expect(server.stats()).toMatchObject({ datagramsReceived: 10, datagramsDropped: { queueFull: 0 } })
    go()
    await until(() => server.stats().datagramsReceived === 50)
  })

  it('a datagram socket shares a port with reusePort on every Node', async () => {
    const seen = [0, 0]
    const make = (index: number): ReturnType<Create> =>
      createUdpServer(
        { data: () => void (seen[index] = (seen[index] as number) + 1) },
        {},
        { reusePort: true },
      )
    const [first, second] = [make(0), make(1)]
    closers.push(
      () => first.close(),
      () => second.close(),
    )
    const address = await first.listen('127.0.0.1:0')
    await second.listen(address)
    for (let index = 0; index < 64; index++) (await peer(address)).send('x')
    await until(() => (seen[0] as number) + (seen[1] as number) === 64)
    expect(Math.min(...seen)).toBeGreaterThan(0)
  })

  it('a datagram client rejects its read with ECONNREFUSED after a write to a closed port, and goes on', async () => {
    const server = await serve({ data: (channel, data) => channel.write(data) })
    const client: DatagramChannel = await connectUdp(server.address)
    closers.push(() => client.close())
    const { address } = server
    await server.close()
    await client.write('nobody')
    await expect(client.read()).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'recvmsg',
      message: `Cannot reach "${address}": nothing listens there (ECONNREFUSED). Start the server, or check host and port`,
    })
    await server.listen(address)
    await client.write('somebody')
    expect(String(await client.read())).toBe('somebody')
  })

  it('a datagram socket on a port in use rejects with EADDRINUSE, as with Node, and leaves no descriptor', async () => {
    const server = await serve({ data() {} })
    const before = descriptors()
    const second = createUdpServer({ data() {} })
    const { address, port } = { address: '127.0.0.1', port: server.address.port }
    await expect(second.listen(server.address)).rejects.toMatchObject({
      message: expect.stringContaining(
        `Cannot listen on "127.0.0.1:${port}": the port is in use (EADDRINUSE). `,
      ),
      code: 'EADDRINUSE',
      syscall: 'bind',
      address,
      port,
    })
    expect(descriptors()).toBe(before)
  })
})

/** Echoes until the test ends it. */
const ECHO = `
  import { parentPort } from 'node:worker_threads'
  import { engine } from '${new URL('../dist/index.js', import.meta.url).href}'
  const port = await engine.openUdp({ host: '127.0.0.1', port: 0, family: 'udp4' }, { broadcast: false, multicast: [] })
  port.start({
    received: (data, from) => port.send(data, from, { done() {} }),
    failed() {},
    closed() {},
  })
  parentPort.once('message', () => { port.close(); parentPort.close() })
  parentPort.postMessage(port.localAddress.port)
`

describe('the credentials of a datagram', () => {
  it('the credentials of a datagram that has none are unknown, and not those of the one before', async () => {
    const name = `\0sock-native-${process.pid}`
    const receiver = createEngine({ credentials: true }).openUnixgram()
    const sender = engine.openUnixgram()
    const seen: unknown[] = []
    receiver.bind(name)
    receiver.start({
      received: (_data, _from, _truncated, credentials) => seen.push(credentials?.pid),
      failed() {},
      closed() {},
    })
    sender.connect(name)
    for (const [count, passes] of [1, 0, 1].entries()) {
      receiver.socket.setOption('passCredentials', passes)
      sender.send(Buffer.from('x'), undefined, { done() {} })
      await until(() => seen.length > count)
    }
    expect(seen).toEqual([process.pid, undefined, process.pid])
    receiver.close()
    sender.close()
  })
})

describe('datagram sockets in worker threads', () => {
  it('datagram sockets in worker threads work, and are gone with the worker, also with one that is ended by force', async () => {
    const before = descriptors()
    for (let round = 0; round < 6; round++) {
      const code = ECHO
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
      const [port] = (await once(worker, 'message')) as [number]
      const socket = createSocket('udp4')
      socket.connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.send('x')
      const [answer] = (await once(socket, 'message')) as [Buffer]
      expect(String(answer)).toBe('x')
      socket.on('error', () => undefined)
      const exited = once(worker, 'exit')
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of Node's has no origin
      if (round % 2 === 0) worker.postMessage('end')
      else {
        for (let index = 0; index < 100; index++) socket.send('busy')
        void worker.terminate()
      }
      await exited
      socket.close()
    }
    await until(() => descriptors() <= before)
  })
})

describe('the asynchronous resource of a datagram socket', () => {
  it('the asynchronous resource of a datagram socket is its own, and is destroyed with it', async () => {
    const { idsOf, whenGone } = watch()
    const bind = { host: '127.0.0.1', port: 0, family: 'udp4' } as const
    const settings = { broadcast: false, multicast: [] } as never
    const sockets = [await engine.openUdp(bind, settings), await engine.openUdp(bind, settings)]
    const [one, other] = sockets as [(typeof sockets)[0], (typeof sockets)[0]]
    const heard: Promise<number>[] = sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket.start({ received: () => resolve(executionAsyncId()), failed() {}, closed() {} }),
        ),
    )
    one.send(Buffer.from('x'), other.localAddress, { done() {} })
    other.send(Buffer.from('x'), one.localAddress, { done() {} })
    expect(await Promise.all(heard)).toEqual(idsOf('SOCKDATAGRAM'))
    for (const socket of sockets) socket.close()
    await whenGone('SOCKDATAGRAM')
  })
})

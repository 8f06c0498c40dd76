import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { createTcpServer } from '@sock/tcp'
import { createUdpServer } from '@sock/udp'
import { createUnixServer } from '@sock/unix'
import { generate } from 'selfsigned'

const KiB = 1024
const MiB = 1024 * KiB

/** What an accepted connection costs beside its bytes: about 4 KiB with Node's socket, and the room heaps leave. */
const CONNECTION = 8 * KiB
/** A TLS socket in the middle of its handshake: most of it is OpenSSL's. */
const HANDSHAKE = 160 * KiB
/** One read of Node's, delivered before a pause takes effect. */
const READ = 64 * KiB
/** What was thrown away is there until the turn of the event loop is over, and then until the next collection. */
const GARBAGE = 2
/** What a byte of small datagrams costs in the end: Node keeps an object and a buffer for each. */
const DATAGRAM_FACTOR = 3

const never = () => new Promise(() => {})

/** ms; a time-out that has no part in a scenario, however long it takes. */
const NEVER = 24 * 60 * 60_000

/**
 * What servers are put through. `serve` makes the server, `attack(address)` is the peers, in another process; `isOver`
 * looks at the statistics; `bound` is how much the server may have grown by then, from its limits alone.
 */
export const scenarios = {
  'peers that never read, and a handler that does not wait': {
    count: 1_000,
    limits: { maxWriteBuffer: 128 * KiB },
    transport: 'unix',
    serve: (limits) =>
      createUnixServer(async (connection) => {
        while (connection.isOpen) {
          void connection.write(Buffer.alloc(64 * KiB, 1))
          await turn()
        }
      }, limits),
    attack: (address, count) => openAll(address, count, (socket) => socket.pause()),
    isOver: (stats, { count }) => stats.overflowClosed === count,
    bound: ({ count, limits }) => count * (limits.maxWriteBuffer + 64 * KiB + CONNECTION),
  },

  'peers that never read, and a handler that waits': {
    count: 1_000,
    limits: { maxBufferedBytes: 64 * MiB, highWaterMark: 16 * KiB },
    transport: 'unix',
    serve: (limits) =>
      createUnixServer(async (connection) => {
        for (;;) await connection.write(Buffer.alloc(MiB, 1))
      }, limits),
    attack: (address, count) => openAll(address, count, (socket) => socket.pause()),
    isOver: (stats, { count }) => stats.accepted === count && stats.overflowClosed > count / 2,
    bound: ({ count, limits }) =>
      GARBAGE * ((limits.maxBufferedBytes * 17) / 16 + MiB) + count * (limits.highWaterMark + CONNECTION),
  },

  'peers that trickle': {
    count: 1_000,
    limits: { maxLifetime: 1_500, shutdownTimeout: 500 },
    transport: 'tcp',
    serve: (limits) =>
      createTcpServer(async (connection) => {
        for await (const chunk of connection) if (chunk.includes('\n')) break
      }, limits),
    attack: async (address, count) => {
      const sockets = await openAll(address, count)
      while (sockets.some(({ destroyed }) => !destroyed)) {
        for (const socket of sockets) if (socket.writable) socket.write('x')
        await sleep(50)
      }
    },
    isOver: (stats, { count }) => stats.lifetimeClosed === count,
    bound: ({ count }) => count * CONNECTION,
  },

  'a flood of datagrams, and a handler that never ends': {
    count: 150_000,
    limits: { maxQueuedBytes: 16 * MiB },
    transport: 'udp',
    serve: (limits) => createUdpServer({ data: never }, limits),
    attack: async ({ host, port }, count) => {
      const socket = createSocket('udp4')
      socket.connect(port, host)
      await once(socket, 'connect')
      const message = Buffer.alloc(KiB, 1)
      const burst = () => {
        for (let index = 0; index < 50; index++) socket.send(message)
      }
      for (let sent = 0; sent < count; sent += 50) {
        burst()
        await turn()
      }
      // How many of them the server gets to see is the system's choice: some more, until it has had enough.
      setInterval(burst, 5)
    },
    isOver: (stats) => stats.datagramsDropped.queueFull > 0,
    bound: ({ limits }) => DATAGRAM_FACTOR * limits.maxQueuedBytes,
  },

  'idle connections': {
    count: 15_000,
    limits: { maxConnections: 15_000 },
    transport: 'tcp',
    serve: (limits) => createTcpServer({ data() {} }, limits),
    attack: (address, count) => openAll(address, count),
    isOver: (stats, { count }) => stats.open === count,
    bound: ({ limits }) => limits.maxConnections * CONNECTION,
  },

  'TLS handshakes that never finish': {
    count: 3_000,
    limits: { maxHandshakes: 300, handshakeTimeout: NEVER },
    transport: 'tcp',
    serve: async (limits) => {
      const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
        keySize: 2048,
      })
      return createTcpServer({ data() {} }, { ...limits, tls: { key, cert } })
    },
    // A record of 512 bytes is announced, and its end never comes.
    attack: (address, count) =>
      openAll(address, count, (socket) => socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]))),
    isOver: (stats, { count, limits }) =>
      stats.handshaking === limits.maxHandshakes &&
      stats.rejected.handshakeLimit === count - limits.maxHandshakes,
    bound: ({ limits }) => limits.maxHandshakes * HANDSHAKE,
  },

  'callbacks that never settle': {
    count: 1_000,
    limits: { highWaterMark: 32 * KiB },
    transport: 'unix',
    serve: (limits) => createUnixServer({ data: never }, limits),
    attack: (address, count) => openAll(address, count, (socket) => socket.write(Buffer.alloc(MiB, 1))),
    isOver: (stats, { count, limits }) => stats.bytesRead >= count * limits.highWaterMark,
    bound: ({ count, limits }) => count * (limits.highWaterMark + 2 * READ + CONNECTION),
  },
}

/** Connects so many, some at a time. */
async function openAll(address, count, then = () => {}) {
  const sockets = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(50, count - sockets.length) }, () => open(address))
    for (const socket of await Promise.all(batch)) {
      then(socket)
      sockets.push(socket)
    }
  }
  return sockets
}

/** Connects; a Unix socket is refused while the accept queue is full, and tries again. */
async function open(address) {
  for (;;) {
    const socket = connect(address)
    const failure = await new Promise((resolve) => {
      socket.on('connect', resolve)
      // Listened to for ever: most of them are to be thrown out.
      socket.on('error', resolve)
    })
    if (failure === undefined) return socket
    if (failure.code !== 'EAGAIN') throw failure
    await sleep(5)
  }
}

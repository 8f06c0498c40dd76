import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import type { Address, DatagramServerStats, Server, StreamServerStats } from '@sock/core'
import { framed, lengthPrefixed } from '@sock/framing'
import { createTcpServer } from '@sock/tcp'
import { createCertificate } from '@sock/tools/certificate'
import { createUdpServer } from '@sock/udp'
import { createUnixServer } from '@sock/unix'

const KiB = 1024
const MiB = 1024 * KiB

/** The memory of an accepted connection besides its bytes: about 4 KiB with Node's socket, and unused room in the heaps. */
const CONNECTION = 8 * KiB
/** The memory of a TLS socket during its handshake, mostly of OpenSSL. */
const HANDSHAKE = 160 * KiB
/** One read of Node, which is delivered before a pause takes effect. */
const READ = 64 * KiB
/** Garbage stays until the turn of the event loop ends, and then until the next collection: count bytes twice. */
const GARBAGE = 2
/** The memory per byte of small datagrams: Node keeps an object and a buffer for each datagram. */
const DATAGRAM_FACTOR = 3

const never = (): Promise<void> => new Promise(() => {})

/** A time-out in ms that no scenario reaches. */
const NEVER = 24 * 60 * 60_000

/** An attack on a server, and its bound. */
export interface Scenario {
  readonly transport: 'tcp' | 'udp' | 'unix'
  serve(): Server | Promise<Server>
  /** The peers, in another process. */
  attack(address: Address): Promise<void>
  /** Whether the statistics of the server show that the attack has had its effect. */
  isOver(this: void, stats: StreamServerStats & DatagramServerStats): boolean
  /** How much the server's memory may grow, in bytes, computed from its limits. */
  readonly bound: number
}

const COUNT = 1_000
const IDLE = 15_000
const DECLARING = 10_000
/** This many bytes follow the four bytes of the length, one at a time. */
const TRICKLED = 20
/** The memory of a connection with frames and an incomplete frame. */
const FRAMES = 2 * KiB
const HANDSHAKES = { all: 3_000, most: 300 }
const WRITE_BUFFER = 128 * KiB
const BUFFERED = 64 * MiB
const QUEUED = 16 * MiB
const HIGH_WATER_MARK = { slow: 16 * KiB, never: 32 * KiB }

export const scenarios: Readonly<Record<string, Scenario>> = {
  'peers that never read, and a handler that does not wait': {
    transport: 'unix',
    serve: () =>
      createUnixServer(
        async (connection) => {
          while (connection.isOpen) {
            void connection.write(Buffer.alloc(64 * KiB, 1))
            await turn()
          }
        },
        { maxWriteBuffer: WRITE_BUFFER },
      ),
    attack: peers(COUNT, (socket) => socket.pause()),
    isOver: ({ overflowClosed }) => overflowClosed === COUNT,
    bound: COUNT * (WRITE_BUFFER + 64 * KiB + CONNECTION),
  },

  'peers that never read, and a handler that waits': {
    transport: 'unix',
    serve: () =>
      createUnixServer(
        async (connection) => {
          for (;;) await connection.write(Buffer.alloc(MiB, 1))
        },
        { maxBufferedBytes: BUFFERED, highWaterMark: HIGH_WATER_MARK.slow },
      ),
    attack: peers(COUNT, (socket) => socket.pause()),
    isOver: ({ accepted, overflowClosed }) => accepted === COUNT && overflowClosed > COUNT / 2,
    bound: GARBAGE * ((BUFFERED * 17) / 16 + MiB) + COUNT * (HIGH_WATER_MARK.slow + CONNECTION),
  },

  'peers that trickle': {
    transport: 'tcp',
    serve: () =>
      createTcpServer(
        async (connection) => {
          for await (const chunk of connection) if (chunk.includes('\n')) break
        },
        { maxLifetime: 1_500, shutdownTimeout: 500 },
      ),
    attack: peers(COUNT, (socket) => trickle(socket, Infinity)),
    isOver: ({ lifetimeClosed }) => lifetimeClosed === COUNT,
    bound: COUNT * CONNECTION,
  },

  'a flood of datagrams, and a handler that never ends': {
    transport: 'udp',
    serve: () => createUdpServer({ data: never }, { maxQueuedBytes: QUEUED }),
    attack: async (address) => {
      if (address.family === 'unix') return
      const socket = createSocket('udp4')
      socket.connect(address.port, address.host)
      await once(socket, 'connect')
      // The server closes while the flood continues.
      socket.on('error', () => {})
      const message = Buffer.alloc(KiB, 1)
      // The system decides how many of them reach the server, so send more until it has received enough.
      for (;;) {
        for (let count = 0; count < 50; count++) socket.send(message)
        await turn()
      }
    },
    isOver: ({ datagramsDropped }) => datagramsDropped.queueFull > 0,
    bound: DATAGRAM_FACTOR * QUEUED,
  },

  'idle connections': {
    transport: 'tcp',
    serve: () => createTcpServer({ data() {} }, { maxConnections: IDLE }),
    attack: peers(IDLE, () => {}),
    isOver: ({ open }) => open === IDLE,
    bound: IDLE * CONNECTION,
  },

  'peers that declare frames of 4 GiB, and send a byte now and then': {
    transport: 'tcp',
    serve: () => createTcpServer(framed(lengthPrefixed({ maxBytes: 2 ** 32 }), { message() {} })),
    attack: peers(DECLARING, (socket) => {
      socket.write(Buffer.alloc(4, 0xff))
      return trickle(socket, TRICKLED)
    }),
    isOver: ({ bytesRead }) => bytesRead === DECLARING * (4 + TRICKLED),
    bound: DECLARING * (CONNECTION + FRAMES),
  },

  'TLS handshakes that never finish': {
    transport: 'tcp',
    serve: async () => {
      const limits = { maxHandshakes: HANDSHAKES.most, handshakeTimeout: NEVER }
      return createTcpServer({ data() {} }, { ...limits, tls: { ...(await createCertificate()) } })
    },
    // The header declares a record of 512 bytes, whose end is never sent.
    attack: peers(HANDSHAKES.all, (socket) =>
      socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])),
    ),
    isOver: ({ handshaking, rejected }) =>
      handshaking === HANDSHAKES.most && rejected.handshakeLimit === HANDSHAKES.all - HANDSHAKES.most,
    bound: HANDSHAKES.most * HANDSHAKE,
  },

  'callbacks that never settle': {
    transport: 'unix',
    serve: () => createUnixServer({ data: never }, { highWaterMark: HIGH_WATER_MARK.never }),
    attack: peers(COUNT, (socket) => socket.write(Buffer.alloc(MiB, 1))),
    isOver: ({ bytesRead }) => bytesRead >= COUNT * HIGH_WATER_MARK.never,
    bound: COUNT * (HIGH_WATER_MARK.never + 2 * READ + CONNECTION),
  },
}

export const scenarioOf = (name: string): Scenario => scenarios[name] as Scenario

/** Opens this many connections, in batches, and keeps them open. */
function peers(count: number, opened: (socket: Socket) => unknown): Scenario['attack'] {
  return async (address) => {
    for (let left = count; left > 0; left -= 50) {
      const batch = Array.from({ length: Math.min(50, left) }, () => openOne(address))
      for (const socket of await Promise.all(batch)) void opened(socket)
    }
  }
}

/** Connects. A full accept queue refuses a Unix socket, so try again. */
async function openOne(address: Address): Promise<Socket> {
  for (;;) {
    const socket = address.family === 'unix' ? connect(address.path) : connect(address.port, address.host)
    try {
      await once(socket, 'connect')
      // The server will reset most of them.
      return socket.on('error', () => {})
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await pause(5)
    }
  }
}

/** Sends up to this many bytes, one at a time. */
async function trickle(socket: Socket, most: number): Promise<void> {
  for (let sent = 0; sent < most && socket.writable; sent++) {
    await pause(50)
    socket.write('x')
  }
}

import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { Address, DatagramServerStats, Server, StreamServerStats } from '@sock/core'
import { framed, lengthPrefixed } from '@sock/framing'
import { createTcpServer } from '@sock/tcp'
import { createCertificate } from '@sock/tools/certificate'
import { createUdpServer } from '@sock/udp'
import { createUnixServer } from '@sock/unix'
import { pause } from '../world/pace.js'

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

const never = (): Promise<void> => new Promise(() => {})

/** In ms; a time-out that has no part in a scenario, however long it takes. */
const NEVER = 24 * 60 * 60_000

/** What a server is put through. */
export interface Scenario {
  readonly transport: 'tcp' | 'udp' | 'unix'
  serve(): Server | Promise<Server>
  /** The peers, in another process. */
  attack(address: Address): Promise<void>
  /** Whether the numbers of the server show that it has been through it. */
  isOver(this: void, stats: StreamServerStats & DatagramServerStats): boolean
  /** In bytes: how much the server may have grown by then, from its limits alone. */
  readonly bound: number
}

const COUNT = 1_000
const IDLE = 15_000
const DECLARING = 10_000
/** So many bytes follow the four of the length, one at a time. */
const TRICKLED = 20
/** What a connection costs that has frames, and a part of one. */
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
    attack: (address) => openAll(address, COUNT, (socket) => socket.pause()),
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
    attack: (address) => openAll(address, COUNT, (socket) => socket.pause()),
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
    attack: async (address) => {
      const sockets: Socket[] = []
      await openAll(address, COUNT, (socket) => void sockets.push(socket))
      while (sockets.some(({ destroyed }) => !destroyed)) {
        for (const socket of sockets) if (socket.writable) socket.write('x')
        await pause(50)
      }
    },
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
      // The server is closed while the flood goes on.
      socket.on('error', () => {})
      const message = Buffer.alloc(KiB, 1)
      // How many of them the server gets to see is the system's choice: some more, until it has had enough.
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
    attack: (address) => openAll(address, IDLE),
    isOver: ({ open }) => open === IDLE,
    bound: IDLE * CONNECTION,
  },

  'peers that declare frames of 4 GiB, and send a byte now and then': {
    transport: 'tcp',
    serve: () => createTcpServer(framed(lengthPrefixed({ maxBytes: 2 ** 32 }), { message() {} })),
    attack: async (address) => {
      const sockets: Socket[] = []
      await openAll(address, DECLARING, (socket) => void sockets.push(socket))
      for (const socket of sockets) socket.write(Buffer.alloc(4, 0xff))
      for (let sent = 0; sent < TRICKLED; sent++) {
        await pause(50)
        for (const socket of sockets) socket.write('x')
      }
    },
    isOver: ({ bytesRead }) => bytesRead === DECLARING * (4 + TRICKLED),
    bound: DECLARING * (CONNECTION + FRAMES),
  },

  'TLS handshakes that never finish': {
    transport: 'tcp',
    serve: async () => {
      const limits = { maxHandshakes: HANDSHAKES.most, handshakeTimeout: NEVER }
      return createTcpServer({ data() {} }, { ...limits, tls: { ...(await createCertificate()) } })
    },
    // A record of 512 bytes is announced, and its end never comes.
    attack: (address) =>
      openAll(address, HANDSHAKES.all, (socket) =>
        socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])),
      ),
    isOver: ({ handshaking, rejected }) =>
      handshaking === HANDSHAKES.most && rejected.handshakeLimit === HANDSHAKES.all - HANDSHAKES.most,
    bound: HANDSHAKES.most * HANDSHAKE,
  },

  'callbacks that never settle': {
    transport: 'unix',
    serve: () => createUnixServer({ data: never }, { highWaterMark: HIGH_WATER_MARK.never }),
    attack: (address) => openAll(address, COUNT, (socket) => socket.write(Buffer.alloc(MiB, 1))),
    isOver: ({ bytesRead }) => bytesRead >= COUNT * HIGH_WATER_MARK.never,
    bound: COUNT * (HIGH_WATER_MARK.never + 2 * READ + CONNECTION),
  },
}

export function scenarioOf(name: string): Scenario {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`Cannot find scenario "${name}"`)
  return scenario
}

/** Connects so many, some at a time, which stay open. */
async function openAll(
  address: Address,
  count: number,
  then: (socket: Socket) => unknown = () => {},
): Promise<void> {
  for (let opened = 0; opened < count; opened += 50) {
    const batch = Array.from({ length: Math.min(50, count - opened) }, () => openOne(address))
    for (const socket of await Promise.all(batch)) then(socket)
  }
}

/** Connects; a Unix socket is refused while the accept queue is full, and tries again. */
async function openOne(address: Address): Promise<Socket> {
  for (;;) {
    const socket = address.family === 'unix' ? connect(address.path) : connect(address.port, address.host)
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      socket.on('connect', () => resolve(undefined))
      // Listened to for ever: most of them are to be thrown out.
      socket.on('error', resolve)
    })
    if (failure === undefined) return socket
    if (failure.code !== 'EAGAIN') throw failure
    await pause(5)
  }
}

import type { Address } from '@sock/core'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { encode, FrameError, FrameReader, MAX_PAYLOAD } from './frames.js'
import type { Load, StreamAct } from './load.js'
import { pause } from './pause.js'
import type { StreamName } from './transports.js'

/** Clients that do what clients must not do, over sockets of Node: the library's own would not let them. */
export const rudeStreams: Readonly<Record<string, StreamAct>> = {
  /** Goes away in the middle of an answer, with a reset where there is one. */
  async reset(load, name, place) {
    await speak(load, name, place, async (socket, say) => {
      say('data', 1_000, MAX_PAYLOAD)
      say('data', 1_000, MAX_PAYLOAD)
      await pause(load.random.integer(0, 30), load.stop)
      reset(socket)
    })
  },

  /** Asks for much, and does not read it for some time, or ever. */
  async stall(load, name, place) {
    await speak(load, name, place, async (socket, say) => {
      socket.pause()
      for (let count = load.random.integer(1, 6); count > 0; count -= 1) say('data', 100, MAX_PAYLOAD)
      await pause(load.random.integer(200, 2_500), load.stop)
      if (load.random.chance(0.5)) reset(socket)
      else {
        socket.resume()
        socket.end()
        await Promise.race([closed(socket), pause(2_000, load.stop)])
      }
    })
  },

  /** Ends its half in the middle of a frame. */
  async halfFrame(load, name, place) {
    await speak(load, name, place, async (socket, say) => {
      say('data', 64, 64)
      socket.end(encode('data', 0, 0, 1_000).subarray(0, load.random.integer(1, 500)))
      await Promise.race([closed(socket), pause(1_000, load.stop)])
    })
  },

  /** Sends, and is gone before anything can come back. */
  async abrupt(load, name, place) {
    await speak(load, name, place, async (socket, say) => {
      for (let count = load.random.integer(1, 10); count > 0; count -= 1) say('data', 500, 500)
      if (load.random.chance(0.5)) await pause(load.random.integer(0, 5), load.stop)
      socket.destroy()
    })
  },

  /** Has the handler fail, in the middle of other requests. */
  async failing(load, name, place) {
    await speak(load, name, place, async (socket, say) => {
      for (let count = load.random.integer(0, 3); count > 0; count -= 1) say('data', 64, 10_000)
      say('throw', 10, 0)
      say('data', 64, 64)
      await Promise.race([closed(socket), pause(1_000, load.stop)])
    })
  },

  /** Many requests at once, and no answer is read before all are sent. */
  async flood(load, name, place) {
    await speak(load, name, place, async (socket, say) => {
      socket.pause()
      for (let count = 500; count > 0; count -= 1) say('data', 64, 1_000)
      await pause(load.random.integer(0, 100), load.stop)
      socket.resume()
      if (load.random.chance(0.5)) socket.end()
      else say('finish', 1, 1)
      await Promise.race([closed(socket), pause(2_000, load.stop)])
    })
  },

  /** Many connections at once, more than are let in, which say nothing. */
  async crowd(load, name, place) {
    const sockets = Array.from({ length: 170 }, () => rawSocket(load, name, place))
    await pause(load.random.integer(10, 150), load.stop)
    for (const socket of sockets) reset(socket)
    await Promise.all(sockets.map(closed))
  },

  /** Gives up while it connects, or as soon as it has. */
  async abort(load, name, place) {
    const socket = rawSocket(load, name, place)
    if (load.random.chance(0.6)) await Promise.race([once(socket, 'connect').catch(ignore), closed(socket)])
    reset(socket)
    await closed(socket)
  },

  /** Says nothing, until it is closed for that or has enough. */
  async silent(load, name, place) {
    const socket = rawSocket(load, name, place)
    socket.resume()
    await Promise.race([closed(socket), pause(load.random.integer(500, 6_000), load.stop)])
    socket.destroy()
    await closed(socket)
  },

  /** Sends what is no frame; on TLS, what is no handshake. */
  async garbage(load, name, place) {
    const socket = rawSocket(load, name, place)
    socket.resume()
    // The beginning of a TLS record of a handshake (RFC 8446 §5.1), which never comes to its end.
    const isHalf = load.random.chance(0.3)
    socket.write(isHalf ? Buffer.from([22, 3, 1, 2, 0, 1]) : randomBytes(load.random.integer(16, 5_000)))
    await Promise.race([closed(socket), pause(3_000, load.stop)])
    socket.destroy()
    await closed(socket)
  },
}

type Say = (op: 'data' | 'throw' | 'finish', length: number, wanted: number) => void

/** Connects, has `act` speak, checks what comes back as far as it is read, and reports. */
async function speak(
  load: Load,
  name: StreamName,
  place: Address,
  act: (socket: Socket, say: Say) => Promise<void>,
): Promise<void> {
  const socket = name === 'tls' ? tlsSocket(load, place) : rawSocket(load, name, place)
  const session = load.nextSession()
  const frames = new FrameReader()
  const lengths: number[] = []
  let sent = 0
  let acknowledged = 0
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const { op, sequence, payload } of frames.push(chunk)) {
        if (op === 'note') continue
        // It is connected to itself, since nobody listens there.
        if (op !== 'ack') {
          socket.destroy()
          return
        }
        acknowledged += lengths[sequence] ?? 0
        received += payload.length
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      load.garbled(`${name}: ${error.message}`)
    }
  })
  try {
    await once(socket, name === 'tls' ? 'secureConnect' : 'connect')
    await act(socket, (op, length, wanted) => {
      socket.write(encode(op, session, lengths.length, length, wanted))
      lengths.push(length)
      sent += length
    })
  } catch {
    load.count(`${name} refused`)
  }
  socket.destroy()
  await closed(socket)
  load.report({
    transport: name,
    session,
    sent,
    acknowledged,
    received,
    polite: false,
    end: 'broken',
  })
}

function rawSocket(load: Load, name: StreamName, place: Address): Socket {
  load.connecting(name)
  return quiet(place.family === 'unix' ? connect(place.path) : connect(place.port, place.host))
}

function tlsSocket(load: Load, place: Address): Socket {
  if (place.family === 'unix') throw new Error('TLS is for tcp')
  const { host, port } = place
  load.connecting('tls')
  return quiet(connectTls({ host, port, ca: [...load.authorities], servername: 'localhost' }))
}

/** That it breaks is what it is for. */
function quiet(socket: Socket): Socket {
  return socket.on('error', ignore)
}

function reset(socket: Socket): void {
  // Unix sockets have no reset, a TLS socket is destroyed as hard; and after shutdown(2) Node would leak the descriptor.
  const canReset = socket.remoteFamily !== undefined && !('encrypted' in socket) && !socket.writableEnded
  if (canReset) socket.resetAndDestroy()
  else socket.destroy()
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

function ignore(): void {}

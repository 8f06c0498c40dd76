import { patternOf } from './random.mjs'

/*
 * Connections between two ports of the engine in one thread, and what must follow: each direction carries exactly what was
 * written, in order. A client sends its number first, so that the server knows which connection it has.
 */

const SOCKETS = { highWaterMark: 65_536, backlog: 511 }
/** Bytes of a connection's number. */
const HEAD = 4
/** The smallest that the system grants. */
const LEAST_BUFFER = 1
/** Bytes that one direction may be ahead of its receiver. */
const MOST_IN_FLIGHT = 1024 * 1024
/** Of chunks that the program keeps, so that others cannot change them unseen. */
const MOST_KEPT = 24

/** What was written in one direction, as pieces of patterns, and how much of it has arrived. */
class Direction {
  written = 0
  received = 0
  /** Of what has not arrived: `{ length, source, offset }`. */
  #pieces = []

  wrote(piece) {
    this.written += piece.length
    this.#pieces.push(piece)
  }

  /** The pieces that these bytes must be. @throws Error if they are not */
  arrived(bytes, world, what) {
    let at = 0
    while (at < bytes.length) {
      const piece = this.#pieces[0]
      if (piece === undefined) world.fail(`${what}: ${bytes.length - at} bytes that nobody has written`)
      const length = Math.min(piece.length, bytes.length - at)
      world.same(bytes.subarray(at, at + length), contentOf(piece, length), `${what}, at ${this.received}`)
      at += length
      this.received += length
      if (length === piece.length) this.#pieces.shift()
      else this.#pieces[0] = { ...piece, length: piece.length - length, offset: piece.offset + length }
    }
  }
}

/** The number of a connection is a piece with a `head`. */
const contentOf = ({ head, source, offset }, length) =>
  head === undefined ? patternOf(source, offset, length) : head.subarray(offset, offset + length)

class Connection {
  /** From the client, from the server. */
  directions = [new Direction(), new Direction()]
  /** Whether a side has gone without an orderly end, so that bytes may be missing. */
  isCut = false
  /** The client, and the server once it knows. */
  sides = []

  constructor(id, listener) {
    this.id = id
    this.listener = listener
  }

  /** Whether it may break: a side has cut it, or its server never knew that it is this one. */
  get mayBreak() {
    return (
      this.isCut || (this.sides[1] === undefined && (this.listener.isClosed || this.listener.dropped > 0))
    )
  }
}

/** One side of a connection. */
class Side {
  connection = undefined
  isPaused = false
  isEnding = false
  isFinished = false
  hasEnded = false
  isGone = false
  isClosed = false
  /** The chunk that the port knows as held: it must not change. */
  held = undefined
  #head = Buffer.alloc(0)
  #awaitsDrain = false

  /** @param index 0 for the client */
  constructor(streams, port, listener, index, connection) {
    this.streams = streams
    this.world = streams.world
    this.port = port
    this.listener = listener
    this.index = index
    this.connection = connection
    streams.sides.add(this)
    // With little room, the system takes only a part of what is gathered.
    if (this.world.random.chance(this.world.mood.littleRoom))
      port.socket.setOption('sendBuffer', LEAST_BUFFER)
    port.start(this)
  }

  get isOpen() {
    return !this.isGone
  }

  get name() {
    return `connection ${this.connection?.id ?? '?'} ${this.index === 0 ? 'at its client' : 'at its server'}`
  }

  // Called by the port.

  received(chunk) {
    this.world.progress()
    if (this.isGone) this.world.fail(`${this.name}: bytes after its end`)
    if (this.hasEnded) this.world.fail(`${this.name}: bytes after FIN`)
    if (chunk.length === 0) this.world.fail(`${this.name}: an empty chunk`)
    const known = this.connection === undefined ? this.#findConnection(chunk) : chunk
    if (known === undefined) return
    const { random } = this.world
    const incoming = this.connection.directions[1 - this.index]
    incoming.arrived(known, this.world, this.name)
    const whole = { chunk: known, copy: Buffer.from(known) }
    // While the chunk is valid.
    if (random.chance(this.world.mood.echo)) this.relay(whole)
    if (this.port.held === undefined) {
      if (random.chance(0.2)) this.streams.keep(whole)
    } else {
      this.#hold(chunk, whole)
    }
    if (random.chance(this.world.mood.transfers)) this.world.transfer(known)
    this.world.react(this)
  }

  ended() {
    this.world.progress()
    if (this.hasEnded || this.isGone) this.world.fail(`${this.name}: an end that cannot be`)
    this.hasEnded = true
    const { connection } = this
    if (connection === undefined) return
    const { written, received } = connection.directions[1 - this.index]
    if (!connection.mayBreak && written !== received)
      this.world.fail(`${this.name}: ended after ${received} bytes of ${written}`)
    if (!connection.mayBreak && connection.sides[1 - this.index]?.isEnding === false)
      this.world.fail(`${this.name}: ended, though its peer has not ended it`)
    this.world.react(this)
    this.settle()
  }

  drained() {
    this.world.progress()
    if (!this.#awaitsDrain) this.world.fail(`${this.name}: drained, though nothing waits for that`)
    this.#awaitsDrain = false
    this.world.react(this)
  }

  flushed() {
    this.world.progress()
    if (!this.isEnding || this.isFinished) this.world.fail(`${this.name}: flushed, though nothing had to`)
    this.isFinished = true
    this.settle()
  }

  closed(error) {
    this.world.progress()
    if (this.isClosed) this.world.fail(`${this.name}: closed twice`)
    this.isClosed = true
    if (!this.isGone && error === undefined) this.world.fail(`${this.name}: closed without a reason`)
    if (error !== undefined && !this.isGone && this.connection?.mayBreak === false) {
      error.message = `${this.name}: ${error.message}`
      this.world.fail(error.message)
    }
    this.#cut()
    this.isGone = true
    this.streams.sides.delete(this)
  }

  // Called by the player.

  write(length) {
    const { connection } = this
    if (connection === undefined || this.isEnding || this.isGone) return
    const outgoing = connection.directions[this.index]
    if (outgoing.written - outgoing.received > MOST_IN_FLIGHT) return
    const source = connection.id * 2 + this.index
    const offset = outgoing.written
    outgoing.wrote({ length, source, offset })
    // A copy: the port may keep it until there is room.
    this.port.write(Buffer.from(patternOf(source, offset, length)))
  }

  /** Writes a chunk of this side to any connection, without a copy. */
  relay({ chunk, copy }) {
    const { connection, isEnding, isGone, port, index } = this.world.random.one([...this.streams.sides])
    if (connection === undefined || isEnding || isGone || chunk.length !== copy.length) return
    const outgoing = connection.directions[index]
    if (outgoing.written - outgoing.received > MOST_IN_FLIGHT) return
    outgoing.wrote({ length: copy.length, head: copy, offset: 0 })
    port.write(chunk)
  }

  toggle() {
    if (this.isGone) return
    this.isPaused = !this.isPaused
    if (this.isPaused) this.port.pause()
    else this.port.resume()
  }

  resume() {
    if (this.isPaused) this.toggle()
  }

  awaitDrain() {
    if (this.isGone || this.#awaitsDrain) return
    this.#awaitsDrain = true
    this.port.requestDrain()
  }

  end() {
    if (this.isGone || this.isEnding) return
    this.isEnding = true
    this.port.shutdownWrite()
  }

  destroy(withReset) {
    if (this.isGone) return
    if (!this.isFinished || !this.hasEnded) this.#cut()
    this.isGone = true
    if (withReset) this.port.reset()
    else this.port.destroy()
  }

  /** Closes it once both directions have ended. */
  settle() {
    if (this.hasEnded && this.isFinished) this.destroy(false)
  }

  giveBack() {
    const { held } = this
    this.held = undefined
    if (held !== undefined) this.streams.checkKept(held)
    this.port.held?.()
  }

  #hold(chunk, whole) {
    const { random } = this.world
    if (this.held !== undefined) this.streams.checkKept(this.held)
    const choice = random.below(10)
    if (choice === 0) {
      // It is never given back.
      this.streams.keep(whole)
      return
    }
    this.held = whole
    this.port.held(chunk)
    if (choice < 4) this.giveBack()
    // Twice, though there is nothing to give back.
    if (choice === 1) this.port.held?.()
    if (choice === 2 && random.chance(0.05)) {
      // From now on its chunks belong to the program.
      this.port.keepChunks()
    }
  }

  #cut() {
    if (this.connection !== undefined) this.connection.isCut = true
    else this.listener.dropped += 1
  }

  /** Reads the number of the connection. @returns the bytes after it */
  #findConnection(chunk) {
    this.#head = Buffer.concat([this.#head, chunk])
    if (this.#head.length < HEAD) return undefined
    const id = this.#head.readUInt32LE(0)
    const connection = this.streams.connections.get(id)
    if (
      connection === undefined ||
      connection.sides[1] !== undefined ||
      connection.listener !== this.listener
    )
      this.world.fail(`a peer says that it is connection ${id}, which it cannot be`)
    this.connection = connection
    connection.sides[1] = this
    const before = this.#head.length - chunk.length
    connection.directions[0].arrived(this.#head.subarray(0, before), this.world, this.name)
    return chunk
  }
}

class Listener {
  isClosed = false
  /** How many of its connections were closed before they said which they are. */
  dropped = 0
}

/** All streams of one thread. */
export class Streams {
  sides = new Set()
  connections = new Map()
  #listeners = []
  #kept = []
  #lastId = 0
  #pending = 0

  /** @param engines one that reuses chunks, and one that does not */
  constructor(world, engines) {
    this.world = world
    this.engines = engines
  }

  get isIdle() {
    return this.sides.size === 0 && this.#pending === 0
  }

  async listen() {
    const { random } = this.world
    if (this.#listeners.length >= 4) return
    const listener = new Listener()
    this.#listeners.push(listener)
    const sink = {
      accept: (port) => {
        this.world.progress()
        if (random.chance(0.02)) {
          listener.dropped += 1
          port.start({ received() {}, ended() {}, drained() {}, flushed() {}, closed() {} })
          port.destroy()
        } else {
          this.world.react(new Side(this, port, listener, 1))
        }
      },
      handshake: () => this.world.fail('a handshake'),
      failed: (error) => this.world.fail(`accepting fails: ${error.message}`),
    }
    const endpoint = random.one([
      { kind: 'ip', host: '127.0.0.1', port: 0 },
      { kind: 'path', path: this.world.nextName(), address: { family: 'unix', path: '@' } },
    ])
    const socket = await random.one(this.engines).listenStream(endpoint, SOCKETS, sink)
    listener.socket = socket
    listener.endpoint = endpoint.kind === 'ip' ? { ...endpoint, port: socket.address.port } : endpoint
  }

  async connect() {
    const { random } = this.world
    const listener = random.one(this.#listeners.filter(({ endpoint }) => endpoint !== undefined))
    if (listener === undefined || this.sides.size > this.world.mood.sides) return
    const connection = new Connection(++this.#lastId, listener)
    this.connections.set(connection.id, connection)
    this.#pending += 1
    try {
      const port = await random.one(this.engines).connectStream(listener.endpoint, SOCKETS)
      const side = new Side(this, port, listener, 0, connection)
      connection.sides[0] = side
      const head = Buffer.alloc(HEAD)
      head.writeUInt32LE(connection.id)
      connection.directions[0].wrote({ length: HEAD, head, offset: 0 })
      side.port.write(head)
    } catch (error) {
      // The queue of a Unix listener is full, or the listener has closed this connection at once, or is closed.
      const isDropped = listener.dropped > 0 && error.code === 'ECONNRESET'
      if (!listener.isClosed && !isDropped && error.code !== 'EAGAIN') throw error
    } finally {
      this.#pending -= 1
    }
  }

  async unlisten() {
    const index = this.world.random.below(this.#listeners.length)
    const listener = this.#listeners[index]
    if (listener?.socket === undefined) return
    this.#listeners.splice(index, 1)
    listener.isClosed = true
    await listener.socket.close()
  }

  side() {
    const { sides } = this
    return sides.size === 0 ? undefined : this.world.random.one([...sides])
  }

  /** Keeps a chunk that belongs to the program. */
  keep(kept) {
    this.#kept.push(kept)
    if (this.#kept.length > MOST_KEPT)
      this.checkKept(this.#kept.splice(this.world.random.below(MOST_KEPT), 1)[0])
  }

  checkKept({ chunk, copy }) {
    // Its memory was transferred.
    if (chunk.length === 0) return
    this.world.same(chunk, copy, 'a chunk that the program keeps')
  }

  keptChunk() {
    return this.world.random.one(this.#kept)?.chunk
  }

  /** Ends everything in order. */
  wind() {
    for (const side of this.sides) {
      side.resume()
      side.end()
      side.settle()
    }
  }

  async close() {
    for (const kept of this.#kept) this.checkKept(kept)
    await Promise.all(this.#listeners.map(({ socket }) => socket?.close()))
  }
}

import { patternOf } from './random.mjs'

/*
 * Datagram sockets of the engine in one thread, and what must follow: each datagram arrives whole, from its sender, at most
 * once, in the order of each sender. On Unix sockets none is lost; of UDP, no more than the system says.
 */

const SETTINGS = {
  receiveBufferSize: undefined,
  sendBufferSize: undefined,
  broadcast: false,
  ttl: undefined,
  multicast: [],
  multicastTtl: undefined,
  multicastLoopback: undefined,
  multicastInterface: undefined,
}
/** Bytes of a datagram that the system takes; the buffers of Unix sockets hold more than this. */
const LONGEST = 65_000
const MOST_SOCKETS = 12
const MOST_ON_THE_WAY = 200

class DatagramSocket {
  isPaused = false
  isClosed = false
  /** Whether the port has told its end. */
  isOver = false
  /** By the names of senders: what is on the way here. */
  expected = new Map()
  sent = 0
  missed = 0

  constructor(datagrams, port, family, peer) {
    this.datagrams = datagrams
    this.world = datagrams.world
    this.port = port
    this.family = family
    this.peer = peer
    this.id = datagrams.nextId()
    this.name = nameOf(port.localAddress)
    port.start(this)
  }

  get isOpen() {
    return !this.isClosed
  }

  // Called by the port.

  received(data, from, truncated, credentials) {
    const { world } = this
    world.progress()
    if (this.isOver) world.fail(`${this.name}: a datagram after its end`)
    // The port had taken it from the system before.
    if (this.isClosed) return
    if (truncated) world.fail(`${this.name}: a datagram was cut`)
    if (this.family === 'unix' && credentials?.pid !== process.pid)
      world.fail(`${this.name}: foreign credentials`)
    const sender = from === undefined ? 'nobody' : nameOf(from)
    this.#take(data, sender)
    if (world.random.chance(0.1)) this.datagrams.streams.keep({ chunk: data, copy: Buffer.from(data) })
    if (from !== undefined && world.random.chance(world.mood.echo)) this.datagrams.send(this, sender, data)
    if (world.random.chance(world.mood.transfers)) world.transfer(data)
    world.react(this)
  }

  writable() {}

  failed(error) {
    // A peer of this socket is closed.
    if (error.code !== 'ECONNREFUSED') this.world.fail(`${this.name}: ${error.message}`)
  }

  closed() {
    if (!this.isClosed) this.world.fail(`${this.name}: closed by nobody`)
    this.isOver = true
  }

  // Called by the player.

  toggle() {
    if (this.isClosed) return
    this.isPaused = !this.isPaused
    if (this.isPaused) this.port.pause()
    else this.port.resume()
  }

  resume() {
    if (this.isPaused) this.toggle()
  }

  close() {
    if (this.isClosed) return
    this.isClosed = true
    this.datagrams.sockets.delete(this.name)
    this.port.close()
  }

  /** How many datagrams are on the way here. */
  get pending() {
    let sum = this.missed
    for (const list of this.expected.values()) sum += list.length
    return sum
  }

  /** Finds the datagram among those on the way. What was sent before it is lost, or this is a fault. */
  #take(data, sender) {
    const list = this.expected.get(sender) ?? []
    const index = list.findIndex((datagram) => datagram.equals(data))
    const where = `${this.name}: a datagram of ${data.length} bytes from ${sender}`
    if (index < 0) this.world.fail(`${where}, which has not sent it, or not after the previous one`)
    if (index > 0 && this.family === 'unix') this.world.fail(`${where} has overtaken ${index} others`)
    this.missed += index
    list.splice(0, index + 1)
  }
}

const nameOf = (address) => (address.family === 'unix' ? address.path : `${address.host} ${address.port}`)

/** All datagram sockets of one thread. */
export class Datagrams {
  sockets = new Map()
  #lastId = 1_000_000

  constructor(world, engine, streams) {
    this.world = world
    this.engine = engine
    this.streams = streams
  }

  nextId() {
    return ++this.#lastId
  }

  async open() {
    const { random } = this.world
    if (this.sockets.size >= MOST_SOCKETS) return
    const family = random.one(['udp4', 'unix'])
    const peer = random.chance(0.2) ? random.one(this.#of(family)) : undefined
    const socket =
      family === 'unix' ? this.#openUnix() : await this.#openUdp(family, peer?.port.localAddress, peer)
    this.sockets.set(socket.name, socket)
  }

  #openUnix() {
    const port = this.engine.openUnixgram()
    port.bind(this.world.nextName())
    return new DatagramSocket(this, port, 'unix')
  }

  async #openUdp(family, address, peer) {
    const bind = { host: '127.0.0.1', port: 0, family, ...(address === undefined ? {} : { peer: address }) }
    return new DatagramSocket(this, await this.engine.openUdp(bind, SETTINGS), family, peer)
  }

  #of(family) {
    return [...this.sockets.values()].filter((socket) => socket.family === family)
  }

  socket() {
    return this.sockets.size === 0 ? undefined : this.world.random.one([...this.sockets.values()])
  }

  /** Sends to a socket of the same family. */
  sendAny(length) {
    const from = this.socket()
    if (from === undefined) return
    const to = from.peer ?? this.world.random.one(this.#of(from.family))
    const offset = from.sent++ * 97
    this.send(from, to.name, Buffer.from(patternOf(from.id, offset, Math.min(length, LONGEST))))
  }

  send(from, name, data) {
    const to = this.sockets.get(name)
    // A connected socket receives from its peer only; what others send to it is refused or dropped without a word.
    if (to === undefined || to.family !== from.family || from.isClosed) return
    if ((from.peer !== undefined && from.peer !== to) || (to.peer !== undefined && to.peer !== from)) return
    const list = to.expected.get(from.name) ?? []
    to.expected.set(from.name, list)
    if (list.length > MOST_ON_THE_WAY) return
    const copy = Buffer.from(data)
    list.push(copy)
    const done = (error) => {
      this.world.progress()
      if (error === undefined) return
      const known = error.code === 'EAGAIN' || error.code === 'ECONNREFUSED' || to.isClosed
      if (!known) this.world.fail(`${from.name}: cannot send ${copy.length} bytes: ${error.message}`)
      const index = list.indexOf(copy)
      if (index >= 0) list.splice(index, 1)
    }
    from.port.send(data, from.peer === undefined ? to.port.localAddress : undefined, { done })
  }

  wind() {
    for (const socket of this.sockets.values()) socket.resume()
  }

  /** Whether everything has arrived that can. */
  get isIdle() {
    return [...this.sockets.values()].every(
      (socket) =>
        socket.pending === 0 || (socket.family !== 'unix' && socket.pending <= socket.port.kernelDrops()),
    )
  }

  close() {
    for (const socket of this.sockets.values()) socket.close()
  }
}

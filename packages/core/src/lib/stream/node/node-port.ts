import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Address } from '../../address/address.js'
import { ignore } from '../../async/deferred.js'
import { whatBroke, whatBrokeEncrypted } from './node-end.js'
import { descriptorOf, dispatchedBytes, queuedBytes } from './node-handle.js'
import { localIpAddress, remoteIpAddress } from './ip-names.js'
import type { StreamPort, StreamPortSink } from '../port.js'
import { onWritten, writeTurn } from './write-turn.js'

/** How the sockets of one listener, or of one dial, are named: shared, so that a port needs no functions of its own. */
export interface SocketTraits {
  /** Whether they are encrypted. */
  readonly secure: boolean
  /** Whether there is TCP below, which has a RST. */
  readonly canReset: boolean
  /** What this side is called; asked for once per socket, when it is first needed. Default: its IP address and port. */
  localAddress?(socket: Socket): Address
  /** What the peer is called, if it has a name; asked for likewise. Default: its IP address and port. */
  remoteAddress?(socket: Socket): Address | undefined
  /** What a handshake agreed upon; left out without one. */
  session?(socket: Socket): unknown
}

/** What has been asked for of a socket: most are never asked. */
interface Names {
  local?: Address
  remote?: Address | undefined
  tls?: unknown
}

/** Where a socket's listeners find its port: one property instead of a closure per listener. */
const PORT = Symbol('port')
type PortSocket = Socket & { [PORT]: Pick<NodeStreamPort, 'sink' | 'secure' | 'error'> }

const NOTHING = Buffer.alloc(0)

/** A byte that is handed to the handles may wait in two queues, with what TLS adds in one of them. */
const OUTWEIGH_QUEUES = 4

/** What is held for the rest of a turn is sent before it when it has so many bytes, or is so many writes (IOV_MAX is 1024). */
const MAX_HELD_BYTES = 64 * 1024
const MAX_HELD_WRITES = 512
/** Or when a write comes so many ms after the first that is held: the turn takes long. */
const PATIENCE = 1

/** A port over a connected `net.Socket` or `tls.TLSSocket` that was made with `allowHalfOpen`. */
export function createNodePort(socket: Socket, traits: SocketTraits): StreamPort<Socket> {
  return new NodeStreamPort(socket, traits)
}

class NodeStreamPort implements StreamPort<Socket> {
  readonly socket: Socket
  readonly #traits: SocketTraits
  #names: Names | undefined
  #hearsDrain = false
  /** When something was last written at once; see {@link writeTurn}. */
  #wroteIn = -1
  /** How many writes are held since then, which the machinery takes for sent. */
  #held = 0
  #heldSince = 0
  sink!: StreamPortSink
  error: Error | undefined

  constructor(socket: Socket, traits: SocketTraits) {
    this.socket = socket
    this.#traits = traits
  }

  get secure(): boolean {
    return this.#traits.secure
  }
  get localAddress(): Address {
    const { socket } = this
    return ((this.#names ??= {}).local ??= this.#traits.localAddress?.(socket) ?? localIpAddress(socket))
  }
  get remoteAddress(): Address | undefined {
    const { socket } = this
    return ((this.#names ??= {}).remote ??= this.#traits.remoteAddress?.(socket) ?? remoteIpAddress(socket))
  }
  get tls(): unknown {
    return ((this.#names ??= {}).tls ??= this.#traits.session?.(this.socket))
  }
  get descriptor(): number | undefined {
    return descriptorOf(this.socket)
  }
  get bufferedBytes(): number {
    return this.#held > 0 ? 0 : this.socket.writableLength
  }

  /**
   * The queues of the handles fall with each part that is taken. The stream hands over the next write when the one before is
   * taken as a whole: what queues up there is no progress.
   */
  get writeProgress(): number {
    return OUTWEIGH_QUEUES * dispatchedBytes(this.socket) - queuedBytes(this.socket)
  }

  start(sink: StreamPortSink): void {
    this.sink = sink
    const socket = this.socket as PortSocket
    socket[PORT] = this
    if (this.secure) socket.push = pushDecrypted
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.on('end', onEnd)
    socket.on('data', onData)
  }

  /** The first write of a turn goes out at once. More that follow, unless the system has no room, leave together at its end. */
  write(data: Uint8Array): void {
    const turn = writeTurn()
    if (this.#wroteIn === turn && (this.#held > 0 || this.socket.writableLength === 0)) {
      this.#hold(data)
    } else {
      this.#wroteIn = turn
      this.socket.write(data, onWritten)
    }
  }

  #hold(data: Uint8Array): void {
    const { socket } = this
    const now = Math.trunc(performance.now())
    if (this.#held === 0) {
      socket.cork()
      process.nextTick(release, this)
      this.#heldSince = now
    }
    this.#held += 1
    socket.write(data, onWritten)
    const isMuch = socket.writableLength >= Math.min(MAX_HELD_BYTES, socket.writableHighWaterMark)
    if (isMuch || this.#held === MAX_HELD_WRITES || now - this.#heldSince > PATIENCE) this.release()
  }

  /** Sends what is held, in one call. */
  release(): void {
    if (this.#held === 0) return
    this.#held = 0
    this.socket.uncork()
  }

  requestDrain(): void {
    this.release()
    if (this.socket.writableNeedDrain) {
      if (!this.#hearsDrain) this.socket.on('drain', onDrain)
      this.#hearsDrain = true
    } else {
      // The socket's own mark is higher than ours, so it has no 'drain' to tell: an empty write queues up behind the rest.
      this.socket.write(NOTHING, () => this.sink.drained())
    }
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  ref(): void {
    this.socket.ref()
  }

  unref(): void {
    this.socket.unref()
  }

  shutdownWrite(): void {
    this.release()
    this.socket.on('finish', onFinish)
    // From inside of a read OpenSSL would throw away what it has not delivered yet: Node asks it for the peer's farewell.
    if (this.secure) setImmediate(end, this.socket)
    else this.socket.end()
  }

  destroy(): void {
    this.release()
    this.socket.destroy()
  }

  reset(): void {
    this.release()
    const { socket } = this
    // After shutdown(2) libuv refuses a reset, and Node would leak the descriptor; our output was complete then anyway.
    const isComplete = socket.writableEnded && socket.writableLength === 0
    if (socket.destroyed || isComplete || !this.#traits.canReset) socket.destroy()
    else bottom(socket).resetAndDestroy()
  }
}

function release(port: NodeStreamPort): void {
  port.release()
}

function end(socket: Socket): void {
  if (!socket.destroyed) socket.end()
}

/** The TCP socket below a TLS socket: only that one can be reset, and the one above goes with it. */
function bottom(socket: Socket): Socket {
  return (socket as unknown as { _parent: Socket | null })._parent ?? socket
}

function onData(this: Socket, chunk: Buffer): void {
  ;(this as PortSocket)[PORT].sink.received(chunk)
}

/** Tells an end of TLS from a connection that broke: after a pause 'end' comes when it is too late to ask. */
function pushDecrypted(this: Socket, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && !this.destroyed) {
    // From now on its own method again, for what Node may push behind the end.
    delete (this as Partial<Socket>).push
    ;(this as PortSocket)[PORT].error ??= whatBrokeEncrypted(this)
  }
  return Readable.prototype.push.call(this, chunk, encoding)
}

/** A socket that broke may still emit 'end': that is no end of the input, but of the connection. */
function onEnd(this: Socket): void {
  const port = (this as PortSocket)[PORT]
  if (!port.secure) port.error ??= whatBroke(this)
  if (port.error === undefined) port.sink.ended()
  else this.destroy()
}

function onDrain(this: Socket): void {
  ;(this as PortSocket)[PORT].sink.drained()
}

function onFinish(this: Socket): void {
  ;(this as PortSocket)[PORT].sink.finished()
}

/**
 * 'close' follows, and then the sink hears of it. Some errors of TLS come without it (a flood of renegotiations,
 * ERR_TLS_SESSION_ATTACK): then we see to it.
 */
function onError(this: Socket, error: Error): void {
  ;(this as PortSocket)[PORT].error = error
  this.destroy()
}

function onClose(this: Socket): void {
  const port = (this as PortSocket)[PORT]
  // Node keeps a closed socket until the next major collection; what we know of it need not wait for that.
  ;(this as PortSocket)[PORT] = CLOSED
  port.sink.closed(port.error)
}

/** The port of a socket that is closed: nothing comes of it any more. */
const CLOSED: PortSocket[typeof PORT] = {
  sink: { received: ignore, ended: ignore, drained: ignore, finished: ignore, closed: ignore },
  secure: false,
  error: undefined,
}

import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Address } from '../../address/address.js'
import { ignore } from '../../async/deferred.js'
import { asError } from '../../errors/as-error.js'
import { afterOpenSsl } from './after-openssl.js'
import { failureOf, failureOfTls } from './node-end.js'
import { descriptorOf, dispatchedBytes, queuedBytes, rawSocket } from './node-handle.js'
import { localIpAddress, remoteIpAddress } from './ip-names.js'
import type { StreamPort, StreamPortSink } from '../port.js'
import { onWritten, writeTurn } from './write-turn.js'

/**
 * Properties that all sockets of one listener, or of one client call, share, so that a port needs no functions of its
 * own.
 */
export interface SocketTraits {
  /** Whether the sockets are encrypted. */
  readonly secure: boolean
  /** Whether they run over TCP, which has a RST. */
  readonly canReset: boolean
  /**
   * Returns the address of this side; called at most once per socket, when first needed. Default: its IP address and
   * port.
   */
  localAddress?(socket: Socket): Address
  /** Returns the address of the peer, if it has a name; called in the same way. Default: its IP address and port. */
  remoteAddress?(socket: Socket): Address | undefined
  /** See {@link StreamPort.socketMembers}. */
  readonly socketMembers?: readonly string[]
  /** Returns the error that users get for an error of the socket. Default: the same error. */
  failure?(error: Error): Error
  /** Returns what the handshake negotiated; missing without one. */
  session?(socket: Socket): unknown
}

/** Addresses and session, kept once they were asked for. For most sockets nobody asks. */
interface KnownProperties {
  local?: Address
  remote?: Address | undefined
  session?: unknown
}

/** The property where listeners find the port of their socket: one property instead of a closure per listener. */
const PORT = Symbol('port')
type PortSocket = Socket & {
  [PORT]: Pick<NodeStreamPort, 'sink' | 'secure' | 'error' | 'destroy' | 'failure'>
}

const NOTHING = Buffer.alloc(0)

/**
 * The weight of a byte that the stream has passed to the handles. With TLS, passing on `n` bytes adds up to `2n` and
 * TLS's overhead to their queues: `n` wait to be encrypted, and `n` with the overhead wait to be sent. `4n` is more
 * than that for all but tiny writes, so progress grows whenever the stream passes on the next write.
 */
const DISPATCHED_WEIGHT = 4

/** The most bytes that are held until the end of a turn. */
const MAX_HELD_BYTES = 64 * 1024
/** The most writes that are held; the system takes up to 1024 buffers in one call (IOV_MAX, writev(2)). */
const MAX_HELD_WRITES = 512
/** How long writes are held while more of them come, in ms: a turn may take longer than the peer should wait. */
const MAX_HELD_TIME = 1

/** Returns a port over a connected `net.Socket` or `tls.TLSSocket` that was created with `allowHalfOpen`. */
export function createNodePort(socket: Socket, traits: SocketTraits): StreamPort<Socket> {
  return new NodeStreamPort(socket, traits)
}

class NodeStreamPort implements StreamPort<Socket> {
  readonly socket: Socket
  readonly #traits: SocketTraits
  #known: KnownProperties | undefined
  #listensForDrain = false
  /** The turn of the latest write that was not held; see {@link writeTurn}. */
  #wroteIn = -1
  /** The number of held writes, which count as sent for core. */
  #held = 0
  #heldSince = 0
  sink!: StreamPortSink
  error: Error | undefined
  /** With TLS: OpenSSL may be calling, since the handshake has ended in this phase of the event loop. */
  isFresh = false
  /** With TLS: it will be closed when OpenSSL has returned. */
  isClosing = false

  constructor(socket: Socket, traits: SocketTraits) {
    this.socket = socket
    this.#traits = traits
  }

  get secure(): boolean {
    return this.#traits.secure
  }
  get localAddress(): Address {
    const { socket } = this
    return ((this.#known ??= {}).local ??= this.#traits.localAddress?.(socket) ?? localIpAddress(socket))
  }
  get remoteAddress(): Address | undefined {
    const { socket } = this
    return ((this.#known ??= {}).remote ??= this.#traits.remoteAddress?.(socket) ?? remoteIpAddress(socket))
  }
  get tls(): unknown {
    return ((this.#known ??= {}).session ??= this.#traits.session?.(this.socket))
  }
  get socketMembers(): readonly string[] | undefined {
    return this.#traits.socketMembers
  }
  get descriptor(): number | undefined {
    return descriptorOf(this.socket)
  }
  get bufferedBytes(): number {
    return this.#held > 0 ? 0 : this.socket.writableLength
  }

  /**
   * The queues of the handles shrink with each accepted part. Bytes that are queued behind the write in progress do
   * not count: the stream passes on the next write only when the previous one was accepted as a whole.
   */
  get writeProgress(): number {
    return DISPATCHED_WEIGHT * dispatchedBytes(this.socket) - queuedBytes(this.socket)
  }

  /** Translates an error of the socket. */
  failure(error: Error): Error {
    return this.#traits.failure?.(error) ?? error
  }

  start(sink: StreamPortSink): void {
    this.sink = sink
    const socket = this.socket as PortSocket
    socket[PORT] = this
    if (this.secure) {
      socket.push = pushDecrypted
      this.isFresh = true
      setImmediate(leaveHandshake, this)
    }
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.on('end', onEnd)
    socket.on('data', onData)
  }

  /**
   * The first write of a turn is sent at once. Later ones, if the system has room, are sent together at the end of
   * the turn.
   */
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
    if (isMuch || this.#held === MAX_HELD_WRITES || now - this.#heldSince > MAX_HELD_TIME) this.release()
  }

  /** Sends the held writes in one call. */
  release(): void {
    if (this.#held === 0) return
    this.#held = 0
    this.socket.uncork()
  }

  requestDrain(): void {
    if (this.socket.writableNeedDrain) {
      if (!this.#listensForDrain) this.socket.on('drain', onDrain)
      this.#listensForDrain = true
    } else {
      // Below the socket's own mark it emits no 'drain'. The callback of an empty write runs after all writes before
      // it.
      this.socket.write(NOTHING, (error) => {
        if (!(error instanceof Error)) onDrain.call(this.socket)
      })
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
    // Inside a read, Node asks OpenSSL for the peer's close_notify, which would discard data that is not delivered
    // yet.
    if (this.secure) setImmediate(end, this)
    else this.socket.end()
  }

  destroy(): void {
    this.release()
    // Not later than it must be: bytes that the peer sends until then would make close(2) reset the connection.
    if (this.isFresh) this.#closeSecure(destroy)
    else if (!this.isClosing) this.socket.destroy()
  }

  reset(): void {
    this.release()
    if (!this.#traits.canReset) this.destroy()
    else if (this.secure) this.#closeSecure(reset)
    else reset(this.socket)
  }

  #closeSecure(close: (socket: Socket) => void): void {
    if (this.isClosing) return
    this.isClosing = true
    afterOpenSsl(this.socket, close)
  }
}

function release(port: NodeStreamPort): void {
  port.release()
}

function leaveHandshake(port: NodeStreamPort): void {
  port.isFresh = false
}

function end({ socket, isClosing }: NodeStreamPort): void {
  if (!socket.destroyed && !isClosing) socket.end()
}

function destroy(socket: Socket): void {
  socket.destroy()
}

function reset(socket: Socket): void {
  // After shutdown(2) libuv refuses a reset, and Node would leak the descriptor. Our output was complete by then.
  const isComplete = socket.writableEnded && socket.writableLength === 0
  if (socket.destroyed || isComplete) socket.destroy()
  // Only the TCP socket can be reset, and it takes the TLS socket with it.
  else rawSocket(socket).resetAndDestroy()
}

function onData(this: Socket, chunk: Buffer): void {
  ;(this as PortSocket)[PORT].sink.received(chunk)
}

/**
 * Tells an end of TLS from a broken connection as soon as Node learns of it: after a pause, 'end' comes too late for
 * that.
 */
function pushDecrypted(this: Socket, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && !this.destroyed) {
    // Restore the method, for anything that Node pushes after the end.
    delete (this as Partial<Socket>).push
    ;(this as PortSocket)[PORT].error ??= failureOfTls(this)
  }
  return Readable.prototype.push.call(this, chunk, encoding)
}

/** A broken socket may still emit 'end': that is the end of the connection, not of the input. */
function onEnd(this: Socket): void {
  const port = (this as PortSocket)[PORT]
  if (!port.secure) port.error ??= failureOf(this)
  if (port.error === undefined) port.sink.ended()
  else port.destroy()
}

/** After a failed write the queue is empty too: Node emits 'drain' before 'error' if others succeeded before it. */
function onDrain(this: Socket): void {
  if (this.errored === null) (this as PortSocket)[PORT].sink.drained()
}

function onFinish(this: Socket): void {
  ;(this as PortSocket)[PORT].sink.flushed()
}

/**
 * Remembers the error and destroys the socket. 'close' follows, and reports the error to the sink. Some TLS errors (a
 * flood of renegotiations, ERR_TLS_SESSION_ATTACK) do not destroy the socket by themselves.
 */
function onError(this: Socket, error: unknown): void {
  const port = (this as PortSocket)[PORT]
  port.error = port.failure(asError(error))
  port.destroy()
}

function onClose(this: Socket): void {
  const port = (this as PortSocket)[PORT]
  // Node keeps a closed socket until the next major collection. Release what belongs to us now.
  ;(this as PortSocket)[PORT] = CLOSED
  port.sink.closed(port.error)
}

/** The port of a closed socket: ignores everything. */
const CLOSED: PortSocket[typeof PORT] = {
  sink: { received: ignore, ended: ignore, drained: ignore, flushed: ignore, closed: ignore },
  secure: false,
  error: undefined,
  destroy: ignore,
  failure: (error) => error,
}

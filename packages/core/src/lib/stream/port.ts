import type { Address, UnixAddress } from '../address/address.js'
import type { PeerCredentials } from '../channel/channel.js'
import type { Listener } from '../server/parts.js'

/**
 * One connection, as an engine provides it. A port moves bytes, and reports the end of each direction. Core adds
 * queues, promises, states, counters and time-outs.
 *
 * @typeParam Socket the argument of `configure(socket)`
 */
export interface StreamPort<Socket = unknown> {
  /** The address of this side. */
  readonly localAddress: Address
  /** The address of the peer, if it has a name. */
  readonly remoteAddress: Address | undefined
  /** Whether the connection is encrypted. */
  readonly secure: boolean
  /** What the handshake negotiated, in the transport's own form; `undefined` without one. */
  readonly tls: unknown
  /** The process at the other end of a Unix connection, if the engine can tell. */
  readonly peerCredentials?: PeerCredentials | undefined
  /** The file descriptor, if the engine knows it. Read once, before `start`. */
  readonly descriptor?: number | undefined
  /** The argument of `configure(socket)`: with Node's engine a `net.Socket` or `tls.TLSSocket`. */
  readonly socket: Socket
  /** Members of `socket` that `connection.stream` shows as well. Read when a stream is created. Default: none. */
  readonly socketMembers?: readonly string[] | undefined
  /** Bytes written that the system has not accepted yet. Read after each write, so it must be cheap. */
  readonly bufferedBytes: number
  /**
   * Grows with every byte that the system accepts, even within one large write. Only differences count. Read a few
   * times per time-out, to tell a slow peer from one that receives nothing.
   */
  readonly writeProgress: number
  /**
   * Called with the chunk that the handler holds from now on, or with none. The handler is done with the previous
   * chunk: the port may read into its memory again. Missing if handlers may keep the chunks of this port.
   */
  readonly held?: ((chunk?: Buffer) => void) | undefined
  /** Called before chunks go to code that may keep them. From then on, no chunk is given back with `held`. */
  readonly keepChunks?: (() => void) | undefined
  /**
   * Whether `write` itself protects bytes that it cannot send at once and whose memory may be read into again.
   * Otherwise the caller copies such bytes first (`ownBytes`). Default: false.
   */
  readonly takesReused?: boolean | undefined
  /** Begins to deliver after this call has returned. Called once, before any other method but `destroy`. */
  start(sink: StreamPortSink): void
  /** Writes bytes, in order. The caller does not change the buffer until they are sent. */
  write(data: Uint8Array): void
  /** Asks for one call of `sink.drained()`, when the system has accepted everything written so far. */
  requestDrain(): void
  /** Stops delivering until `resume()`; data that has been read already may still be delivered. */
  pause(): void
  /** Delivers again. */
  resume(): void
  /** Keeps the process alive while open, which is the default. Does nothing when closed. */
  readonly ref?: (() => void) | undefined
  /** Stops keeping the process alive. Missing, like `ref`, if the engine cannot do that. */
  readonly unref?: (() => void) | undefined
  /** Sends FIN after everything written, then calls `sink.flushed()`. */
  shutdownWrite(): void
  /** Closes now, then calls `sink.closed()`. Does nothing when closed. */
  destroy(): void
  /**
   * Closes like `destroy`. If the transport can (RST, tcp(7)), the peer sees that this is not an orderly end.
   */
  reset(): void
}

/** The receiver of a port's events. Never called from inside one of the port's own methods. */
export interface StreamPortSink {
  /** Receives bytes from the peer. The port must not use the buffer until it is given back with `StreamPort.held`. */
  received(chunk: Buffer): void
  /** The peer has sent FIN: no more bytes follow. At most once. */
  ended(): void
  /** The system has accepted everything that had been written at `requestDrain()`. */
  drained(): void
  /** This side's FIN is sent. */
  flushed(): void
  /** The last call, exactly once, after the file descriptor is closed. `error` says why, if the connection broke. */
  closed(error?: Error): void
}

/** An accepted peer that must complete a handshake before it becomes a connection. */
export interface Handshake {
  /** The address of the peer, if it has a name. */
  readonly remoteAddress: Address | undefined
  /** See {@link StreamPort.descriptor}. */
  readonly descriptor?: number | undefined
  /** Changes whenever bytes arrive. */
  readonly bytesRead: number
  /** Starts; then calls exactly one of the two callbacks, unless destroyed before. */
  start(secured: (port: StreamPort) => void, failed: (error: Error) => void): void
  /** Closes now, and calls neither. */
  destroy(): void
}

/** The receiver of a listener's peers. */
export interface StreamListenerSink<Socket = unknown> {
  /** A peer has connected. The sink destroys a port that it does not admit. */
  accept(port: StreamPort<Socket>): void
  /** A peer has connected and must complete a handshake first. */
  handshake(handshake: Handshake): void
  /**
   * Accepting has failed.
   *
   * @param acceptAgain resumes accepting, if the listener has stopped because of the error; without it, the listener
   * continues on its own
   */
  failed(error: Error, acceptAgain?: () => void): void
}

/**
 * A bound socket that accepts peers until it is closed. The accept queue decides how long that is during a shutdown,
 * and when to accept again after a failure.
 */
export interface StreamListener<Addr extends Address = Address> extends Listener<Addr> {
  /**
   * Called when a shutdown begins: removes the name by which new peers find the listener, which still hands over
   * peers that have connected. Missing if the listener has no name of its own, as on a port.
   */
  readonly removeName?: (() => void) | undefined
}

/**
 * An endpoint to listen on or to connect to, in an engine's terms.
 *
 * @internal
 */
export type StreamEndpoint = IpEndpoint | PathEndpoint

/**
 * A checked IP endpoint.
 *
 * @internal
 */
export interface IpEndpoint {
  /** Distinguishes it from a {@link PathEndpoint}. */
  readonly kind: 'ip'
  /** A host name or an IP address; to listen, `undefined` means all addresses. */
  readonly host: string | undefined
  /** The port, 0 to 65535. To listen on port 0 lets the system choose one. */
  readonly port: number
  /** Accept no IPv4 peers on an IPv6 address. */
  readonly ipv6Only?: boolean
  /** Share the port with other sockets that set this too (SO_REUSEPORT, socket(7)). */
  readonly reusePort?: boolean
}

/**
 * A checked endpoint in the file system or in Linux's abstract namespace.
 *
 * @internal
 */
export interface PathEndpoint {
  /** Distinguishes it from an {@link IpEndpoint}. */
  readonly kind: 'path'
  /** The name to bind or connect to; an abstract one begins with a NUL byte. */
  readonly path: string
  /** The address that connections show: their own for a listener, their peer's for a client. */
  readonly address: UnixAddress
}

/**
 * Options of a socket that listens or connects.
 *
 * @internal
 */
export interface StreamSocketOptions {
  /** From this number of `bufferedBytes` on, writes wait; see the option of the same name. */
  readonly highWaterMark: number
  /** Send small writes at once (TCP_NODELAY, tcp(7)). Default: false. */
  readonly noDelay?: boolean
  /** Probe a silent peer after this many ms; 0 for never (SO_KEEPALIVE, TCP_KEEPIDLE). Default: 0. */
  readonly keepAlive?: number
}

/**
 * Options of a listening socket. All but `backlog` apply to the sockets that it accepts.
 *
 * @internal
 */
export interface StreamListenOptions extends StreamSocketOptions {
  /** The length of the system's accept queue in peers (listen(2)). */
  readonly backlog: number
}

/**
 * An engine, which moves the bytes. Node's is the default; servers and clients take another as `engine`.
 *
 * @typeParam Socket the argument of `configure(socket)` with this engine
 */
// oxlint-disable-next-line typescript/no-explicit-any -- without an argument, any engine is accepted
export interface StreamEngine<Socket = any> {
  /** The name of the engine in messages. */
  readonly name: string
  /** Whether it supports `reusePort` on every version of Node. Default: false. */
  readonly canReusePort?: boolean
  /**
   * Opens a listener that delivers to `sink`. If it rejects, with the system's error or the signal's reason, it leaves
   * nothing open.
   */
  listenStream(
    endpoint: StreamEndpoint,
    options: StreamListenOptions,
    sink: StreamListenerSink<Socket>,
    signal?: AbortSignal,
  ): Promise<StreamListener>
  /** Connects. If it rejects, with the system's error or the signal's reason, it leaves nothing open. */
  connectStream(
    endpoint: StreamEndpoint,
    options: StreamSocketOptions,
    signal?: AbortSignal,
  ): Promise<StreamPort<Socket>>
}

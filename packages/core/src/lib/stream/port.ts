import type { Address, UnixAddress } from '../address/address.js'
import type { PeerCredentials } from '../channel/channel.js'
import type { Listener } from '../server/server-parts.js'

/**
 * One connection as an engine gives it to the machinery: bytes in, bytes out, two ends. All policy (queues, promises,
 * states, counters, time-outs) is the machinery's; a port only moves bytes.
 *
 * @typeParam Socket what `configure(socket)` gets
 */
export interface StreamPort<Socket = unknown> {
  /** This side. */
  readonly localAddress: Address
  /** The peer, if it has a name. */
  readonly remoteAddress: Address | undefined
  /** Whether it is encrypted. */
  readonly secure: boolean
  /** What a handshake agreed upon, as the transport describes it; `undefined` without one. */
  readonly tls: unknown
  /** Of a Unix connection, where the engine knows it. */
  readonly peerCredentials?: PeerCredentials | undefined
  /** The descriptor, where the engine knows it; looked at once, before `start`. */
  readonly descriptor?: number | undefined
  /** What `configure(socket)` gets: with Node's engine a `net.Socket` or `tls.TLSSocket`. */
  readonly socket: Socket
  /** Bytes written and not yet taken by the system. Looked at after each write, so it must be cheap. */
  readonly bufferedBytes: number
  /**
   * Grows with every byte that the system takes, even in the middle of one large write; only differences count. Looked
   * at a few times per time-out, to tell a slow peer from one that takes nothing.
   */
  readonly writeProgress: number
  /** Begin to deliver, once this call has returned. Called once, before any other method but `destroy`. */
  start(sink: StreamPortSink): void
  /** Take these bytes, in order. The buffer stays as it is until they are sent. */
  write(data: Uint8Array): void
  /** Call `sink.drained()` once, when all that has been written so far is taken by the system. */
  requestDrain(): void
  /** Deliver nothing until `resume()`; what is on its way already may still come. */
  pause(): void
  /** Deliver again. */
  resume(): void
  /** Keep the process alive while open, as it does from the beginning. Harmless when closed. */
  readonly ref?: (() => void) | undefined
  /** Do not keep the process alive. Left out, with `ref`, where that is not possible. */
  readonly unref?: (() => void) | undefined
  /** Send FIN after what has been written; then call `sink.finished()`. */
  shutdownWrite(): void
  /** Close now; then call `sink.closed()`. Harmless when closed. */
  destroy(): void
  /** The same, and let the peer see that it is no orderly end, where the transport can say so (RST, tcp(7)). */
  reset(): void
}

/** Where a port delivers. Never called from inside a call of the port's own methods. */
export interface StreamPortSink {
  /** Bytes from the peer. The buffer is given away: the port must not use it again. */
  received(chunk: Buffer): void
  /** The peer's FIN: no more bytes. At most once. */
  ended(): void
  /** All that had been written at `requestDrain()` is taken by the system. */
  drained(): void
  /** Our FIN is out. */
  finished(): void
  /** The last call, exactly once, after the descriptor is closed. `error` says why, if something broke. */
  closed(error?: Error): void
}

/** A peer that was accepted and must shake hands before it is a connection. */
export interface Handshake {
  /** The peer, if it has a name. */
  readonly remoteAddress: Address | undefined
  /** See {@link StreamPort.descriptor}. */
  readonly descriptor?: number | undefined
  /** Changes whenever bytes move. */
  readonly bytesRead: number
  /** Begin; then call exactly one of the two, unless destroyed before. */
  start(secured: (port: StreamPort) => void, failed: (error: Error) => void): void
  /** Close now, and call neither. */
  destroy(): void
}

/** Where a listener delivers. */
export interface StreamListenerSink<Socket = unknown> {
  /** A peer has connected. A port that is not wanted is destroyed. */
  accept(port: StreamPort<Socket>): void
  /** Like `accept`, for a peer that must shake hands first. */
  handshake(handshake: Handshake): void
  /**
   * Something went wrong with accepting.
   *
   * @param acceptAgain where the listener has stopped for it: the machinery calls it when it is to go on. Left out, it goes
   * on by itself
   */
  failed(error: Error, acceptAgain?: () => void): void
}

/**
 * A bound socket that accepts until it is closed. How long that is when a server shuts down, and when it is tried again after
 * a failure, is up to the machinery.
 */
export interface StreamListener<Addr extends Address = Address> extends Omit<Listener<Addr>, 'drain'> {
  /**
   * A shutdown begins: take away the name by which new peers find the listener, and go on to hand over those who have
   * connected already. Left out where it has no name of its own, as on a port.
   */
  readonly removeName?: (() => void) | undefined
}

/**
 * Where to listen or connect, in the terms of an engine.
 *
 * @internal
 */
export type StreamEndpoint = IpEndpoint | PathEndpoint

/**
 * An endpoint of IP, checked.
 *
 * @internal
 */
export interface IpEndpoint {
  /** Tells it from a {@link PathEndpoint}. */
  readonly kind: 'ip'
  /** A name or an address; for listening, `undefined` means all addresses. */
  readonly host: string | undefined
  /** 0 to 65535; listening on 0 lets the system choose. */
  readonly port: number
  /** Do not take IPv4 peers on an IPv6 address. */
  readonly ipv6Only?: boolean
  /** Share the port with other sockets that ask for it too (SO_REUSEPORT, socket(7)). */
  readonly reusePort?: boolean
}

/**
 * An endpoint in the file system or in Linux's abstract namespace, checked.
 *
 * @internal
 */
export interface PathEndpoint {
  /** Tells it from an {@link IpEndpoint}. */
  readonly kind: 'path'
  /** What to bind or connect; an abstract name begins with a NUL byte. */
  readonly path: string
  /** What connections call this side (listening) or the peer (connecting). */
  readonly address: UnixAddress
}

/**
 * Options of a socket that listens or connects.
 *
 * @internal
 */
export interface StreamSocketOptions {
  /** Bytes from which `bufferedBytes` is too much; see the option of the same name. */
  readonly highWaterMark: number
  /** Send small writes at once (TCP_NODELAY, tcp(7)). Default false. */
  readonly noDelay?: boolean
  /** Probe silent peers after this many ms; 0 for never (SO_KEEPALIVE, TCP_KEEPIDLE). Default 0. */
  readonly keepAlive?: number
}

/**
 * Options of a socket that listens; but for `backlog`, those of the sockets that it accepts.
 *
 * @internal
 */
export interface StreamListenOptions extends StreamSocketOptions {
  /** Length of the system's accept queue in peers (listen(2)). */
  readonly backlog: number
}

/**
 * What moves the bytes. Node's own is the default; another one can be given to servers and clients as `engine`.
 *
 * @typeParam Socket what `configure(socket)` gets with this engine
 */
// oxlint-disable-next-line typescript/no-explicit-any -- without an argument, any engine will do
export interface StreamEngine<Socket = any> {
  /** What messages call it. */
  readonly name: string
  /** Whether it can share a port whatever the version of Node is. Default: no. */
  readonly canReusePort?: boolean
  /**
   * Opens a listener that delivers to `sink`. Rejects with the system's error, or with the signal's reason; nothing is left
   * then.
   */
  listenStream(
    endpoint: StreamEndpoint,
    options: StreamListenOptions,
    sink: StreamListenerSink<Socket>,
    signal?: AbortSignal,
  ): Promise<StreamListener>
  /** Rejects with the system's error, or with the signal's reason; nothing is left then. */
  connectStream(
    endpoint: StreamEndpoint,
    options: StreamSocketOptions,
    signal?: AbortSignal,
  ): Promise<StreamPort<Socket>>
}

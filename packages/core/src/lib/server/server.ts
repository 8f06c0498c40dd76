import type { Address } from '../address/address.js'
import type { Unsubscribe } from './callback-registry.js'
import type { Channel, Transport } from '../channel/channel.js'

/** The life of a server; after `closed` it can be started again. */
export type ServerState = 'idle' | 'starting' | 'listening' | 'draining' | 'closed'

/**
 * What happened to a connection. Per connection there is exactly one `new`, then one `handler`, then any of the others,
 * then exactly one `close`. `dial` comes before `new`, and for clients only.
 */
export type ConnectionState =
  'dial' | 'new' | 'read' | 'closeRead' | 'handler' | 'write' | 'closeWrite' | 'close'

/**
 * Why a connection was closed: `ended` (both sides were done), `reset` (the peer or the way to it was gone), `idle`
 * (nothing moved for `idleTimeout`, or in one direction for `readTimeout` or `writeTimeout`), `firstByte` (the peer said
 * nothing within `firstByteTimeout`), `lifetime` (it was older than `maxLifetime`), `overflow` (too much waited to be
 * written: `maxWriteBuffer`, `maxBufferedBytes`), `draining` (the server shut down), `closed` (`close()` of the server),
 * `destroyed` (`destroy()` on this side), `error` (its handler failed).
 */
export type CloseReason =
  | 'ended'
  | 'reset'
  | 'idle'
  | 'firstByte'
  | 'lifetime'
  | 'overflow'
  | 'draining'
  | 'closed'
  | 'destroyed'
  | 'error'

/** What the `connection` event of a server, and `onState` of a client, tell. A datagram socket counts as one connection. */
export interface ConnectionEvent {
  /** The connection's id. */
  readonly id: number
  /** What happened to it. */
  readonly state: ConnectionState
  /** This side; `undefined` with `dial`. */
  readonly local: Address | undefined
  /**
   * The peer; with `read` and `write` of a datagram socket the sender or the receiver. `undefined` if it has no name, and
   * with `dial` over tcp if the target is a host name.
   */
  readonly remote: Address | undefined
  /** With `close` only. */
  readonly reason?: CloseReason
}

/** How a shutdown went, in connections. */
export interface ShutdownReport {
  /** Had nothing in flight and were ended. */
  readonly idle: number
  /** Finished by themselves. */
  readonly drained: number
  /** Were destroyed at the deadline. */
  readonly forced: number
}

/** Plain numbers of a server for streams since it was made; a server that is started again goes on counting. */
export interface StreamServerStats {
  /** Connections that were handed to the handler. */
  readonly accepted: number
  /** Connections that are open now. */
  readonly open: number
  /** Peers in the middle of a handshake now. */
  readonly handshaking: number
  /** Peers that were turned away, by reason. */
  readonly rejected: {
    /** Over `maxConnections`. */
    readonly connectionLimit: number
    /** Hardly any descriptor was left below the process's own limit (Linux). */
    readonly descriptorLimit: number
    /** Over `maxHandshakes`. */
    readonly handshakeLimit: number
    /** Not done within `handshakeTimeout`. */
    readonly handshakeTimeout: number
    /** Broken off, or refused by either side. */
    readonly handshakeFailed: number
  }
  /** Connections closed by `idleTimeout`, `readTimeout` or `writeTimeout`. */
  readonly idleClosed: number
  /** Connections closed by `firstByteTimeout`. */
  readonly firstByteClosed: number
  /** Connections that ended after they had become older than `maxLifetime`. */
  readonly lifetimeClosed: number
  /** Connections closed by `maxWriteBuffer` or `maxBufferedBytes`. */
  readonly overflowClosed: number
  /** Handlers and callbacks that threw or rejected. */
  readonly handlerErrors: number
  /** Payload bytes received, closed connections included. */
  readonly bytesRead: number
  /** Payload bytes given to `write()`, closed connections included. */
  readonly bytesWritten: number
}

/** Options of `listen()`. */
export interface ListenOptions {
  /** Aborted before the server is bound, `listen` rejects with its reason; aborted later, it means `shutdown()`. */
  signal?: AbortSignal | undefined
}

/** Options of `shutdown()`. */
export interface ShutdownOptions {
  /** When the rest is destroyed, in ms from now; default: the server's `shutdownTimeout`. */
  timeout?: number | undefined
  /** Aborted, it is like a deadline that has come. */
  signal?: AbortSignal | undefined
}

/** Plain numbers of a server for datagrams since it was made; a server that is started again goes on counting. */
export interface DatagramServerStats {
  /** 1 while listening, else 0. */
  readonly open: number
  /** Handlers and callbacks that threw or rejected. */
  readonly handlerErrors: number
  /** Datagrams that reached the server, those dropped afterwards included; not those that the system dropped. */
  readonly datagramsReceived: number
  /** Datagrams that the system has taken. */
  readonly datagramsSent: number
  /** Datagrams that nobody saw, by reason. */
  readonly datagramsDropped: {
    /** More than `maxQueuedBytes` waited for the handler. */
    readonly queueFull: number
    /** The handler returned and had not looked at the one it was called for. */
    readonly unread: number
    /** They came when the server was draining or closed. */
    readonly closing: number
    /** The system dropped them before they reached the server, where it tells (Linux, udp); else 0. */
    readonly kernel: number
  }
  /** Datagrams that could not be sent. */
  readonly sendErrors: number
  /** Bytes on their way out now. */
  readonly sendQueueBytes: number
  /** Payload bytes of `datagramsReceived`. */
  readonly bytesRead: number
  /** Payload bytes given to `write()`, `reply()` and `send()`, whatever became of them. */
  readonly bytesWritten: number
}

/** Plain numbers of any server. */
export type ServerStats = StreamServerStats | DatagramServerStats

/** The events of a server, with their callbacks. */
export type ServerEvents<C extends Channel = Channel> = {
  /**
   * A handler failed, a peer was turned away, a handshake or an accept failed. `connection` is the one it is about, if there
   * is one. An error that nobody observes ends nothing; the first failure of a handler becomes a process warning then
   * (`SockHandlerWarning`).
   */
  error: (error: Error, connection?: C) => void
  /** Something happened to a connection: once per event, in order, before whoever caused it goes on. */
  connection: (event: ConnectionEvent) => void
  /** The server has a new state; `message` is a line for a log, `Listening on tcp 127.0.0.1:8080`. */
  state: (state: ServerState, message: string) => void
}

/** A callback of {@link Server.on}. */
export type ServerListener<E extends keyof ServerEvents, C extends Channel = Channel> = ServerEvents<C>[E]

/**
 * The same interface on all transports; without type arguments, a server of any of them. Disposing it is `shutdown()`.
 *
 * @typeParam Target what `listen()` takes
 * @typeParam Addr the transport's kind of address
 * @typeParam Stats what `stats()` gives
 * @typeParam C what handlers get
 */
export interface Server<
  Target = string,
  Addr extends Address = Address,
  Stats = ServerStats,
  C extends Channel = Channel,
> extends AsyncDisposable {
  /** What it serves. */
  readonly transport: Transport
  /** Where it is in its life. */
  readonly state: ServerState
  /** What is really bound, with the port that was chosen when 0 was asked for; `undefined` unless bound. */
  readonly address: Addr | undefined
  /** Whether connections are encrypted. */
  readonly secure: boolean
  /** Accepted and not yet closed; for datagrams 1 while listening, else 0. */
  readonly openConnections: number
  /** Resolves when the current (or next) run has ended. */
  readonly closed: Promise<void>
  /**
   * Binds, and resolves with the address once peers can connect.
   *
   * Rejects with `ERR_SOCK_INVALID_ADDRESS` for a malformed target, `ERR_SOCK_INVALID_STATE` unless idle or closed, a
   * system error (`EADDRINUSE`, `EACCES`…), or the signal's reason. The server is idle again then, and nothing is left.
   */
  listen(target: Target, options?: ListenOptions): Promise<Addr>
  /**
   * Stops in good order: takes no new peers, still serves those that wait to be accepted, ends idle connections, waits
   * for busy ones, and destroys what is left at the deadline.
   *
   * Resolves at once if the server is not running. Concurrent calls share one result; each call's deadline and signal
   * hold, the earliest strikes. Rejects with `ERR_SOCK_SHUTDOWN_TIMEOUT`, which carries the report, if anything had to be
   * destroyed, and only after everything is closed.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>
  /** Stops now: listener and every connection. Rejects only for an argument (TypeError): it takes none, see `shutdown()`. */
  close(): Promise<void>
  /**
   * Iterates over the connections that are open, in no order: those that were when the loop began, even if some close
   * meanwhile. A server for datagrams has one channel while it listens.
   */
  connections(): IterableIterator<C>
  /**
   * Observes: `error` is handler failures, peers that were turned away, failed handshakes and accepts; `connection`
   * the life of each connection; `state` the life of the server, with a line for a log. Any number of callbacks may observe;
   * one that throws or rejects disturbs nobody, and becomes a process warning (`SockCallbackWarning`).
   *
   * @returns stops observing
   * @throws TypeError for an unknown event, or a callback that is no function
   */
  on<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): Unsubscribe
  /** Observes like {@link Server.on}, until the callback has been called once. */
  once<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): Unsubscribe
  /**
   * Stops one observation of this callback, the newest of several; harmless if there is none.
   *
   * @throws TypeError for an unknown event
   */
  off<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): void
  /**
   * While it listens, keeps the process alive: the default, and what `unref()` takes back. It says nothing about connections,
   * which keep it alive too.
   *
   * @returns the server
   */
  ref(): this
  /**
   * From now on listening alone does not keep the process alive, also when the server is started later, or again.
   *
   * @returns the server
   * @throws SockError `ERR_SOCK_UNSUPPORTED` where that is not possible, as with the package unix-dgram; `listen()` rejects
   * with it if the server was not running
   */
  unref(): this
  /** Plain numbers, made at each call. */
  stats(): Stats
}

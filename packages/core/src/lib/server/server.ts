import type { Address } from '../address/address.js'
import type { Unsubscribe } from './callback-registry.js'
import type { Channel, Transport } from '../channel/channel.js'

/** The state of a server; after `closed` it can be started again. */
export type ServerState = 'idle' | 'starting' | 'listening' | 'draining' | 'closed'

/**
 * What happened to a connection. Each connection has exactly one `new`, then one `handler`, then any of the others,
 * then exactly one `close`. `dial` comes before `new`, for clients only.
 */
export type ConnectionState =
  'dial' | 'new' | 'read' | 'closeRead' | 'handler' | 'write' | 'closeWrite' | 'close'

/**
 * Why a connection was closed:
 *
 * - `ended`: both sides had finished
 * - `reset`: the peer disconnected, or the network failed
 * - `idle`: nothing moved for `idleTimeout`, or in one direction for `readTimeout` or `writeTimeout`
 * - `firstByte`: the peer sent nothing within `firstByteTimeout`
 * - `lifetime`: it was older than `maxLifetime`
 * - `overflow`: too many bytes were queued for sending (`maxWriteBuffer`, `maxBufferedBytes`)
 * - `draining`: the server shut down
 * - `closed`: you called `close()` of the server
 * - `destroyed`: you called `destroy()` of the connection
 * - `error`: its handler failed
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

/**
 * The argument of a server's `connection` event and of a client's `onState`. A datagram socket counts as one
 * connection.
 */
export interface ConnectionEvent {
  /** The connection's id. */
  readonly id: number
  /** What happened to it. */
  readonly state: ConnectionState
  /** The address of this side; `undefined` with `dial`. */
  readonly local: Address | undefined
  /**
   * The address of the peer. A datagram socket reports the sender with `read`, and the receiver with `write`.
   * `undefined` if the peer has no name, and for `dial` over tcp if the target is a host name.
   */
  readonly remote: Address | undefined
  /** Why it was closed; only with `close`. */
  readonly reason?: CloseReason
}

/** How many connections ended in each way during a shutdown. */
export interface ShutdownReport {
  /** They were idle, and the server ended them. */
  readonly idle: number
  /** They finished by themselves. */
  readonly drained: number
  /** The server destroyed them, at the deadline or because of `close()`. */
  readonly forced: number
}

/** Counters of a stream server since it was created. A server that is started again continues counting. */
export interface StreamServerStats {
  /** Connections passed to the handler. */
  readonly accepted: number
  /** Connections that are open now. */
  readonly open: number
  /** Peers in a handshake now. */
  readonly handshaking: number
  /** Refused peers, by reason. */
  readonly rejected: {
    /** `maxConnections` were open. */
    readonly connectionLimit: number
    /** Hardly any file descriptor was left below the process's limit (Linux). */
    readonly descriptorLimit: number
    /** `maxHandshakes` were running. */
    readonly handshakeLimit: number
    /** The handshake took longer than `handshakeTimeout`. */
    readonly handshakeTimeout: number
    /** The handshake was aborted, or refused by one side. */
    readonly handshakeFailed: number
  }
  /** Connections closed by `idleTimeout`, `readTimeout` or `writeTimeout`. */
  readonly idleClosed: number
  /** Connections closed by `firstByteTimeout`. */
  readonly firstByteClosed: number
  /** Connections that ended after they had reached `maxLifetime`. */
  readonly lifetimeClosed: number
  /** Connections closed by `maxWriteBuffer` or `maxBufferedBytes`. */
  readonly overflowClosed: number
  /** Handlers and callbacks that threw or rejected. */
  readonly handlerErrors: number
  /** Payload bytes received, including those of closed connections. */
  readonly bytesRead: number
  /** Payload bytes passed to `write()`, including those of closed connections. */
  readonly bytesWritten: number
}

/** Options of `listen()`. */
export interface ListenOptions {
  /**
   * Before the server is bound, aborting makes `listen` reject with the signal's reason; later it starts
   * `shutdown()`.
   */
  signal?: AbortSignal | undefined
}

/** Options of `shutdown()`. */
export interface ShutdownOptions {
  /** The deadline in ms from now; what is still open then is destroyed. Default: the server's `shutdownTimeout`. */
  timeout?: number | undefined
  /** Aborting it has the same effect as the deadline. */
  signal?: AbortSignal | undefined
}

/** Counters of a datagram server since it was created. A server that is started again continues counting. */
export interface DatagramServerStats {
  /** 1 while listening, else 0. */
  readonly open: number
  /** Handlers and callbacks that threw or rejected. */
  readonly handlerErrors: number
  /** Datagrams that reached the server, including those it dropped later, but not those that the system dropped. */
  readonly datagramsReceived: number
  /** Datagrams that the system has accepted for sending. */
  readonly datagramsSent: number
  /** Datagrams that no handler read, by reason. */
  readonly datagramsDropped: {
    /** More than `maxQueuedBytes` were queued for the handler. */
    readonly queueFull: number
    /** The handler returned without reading the datagram it was called for. */
    readonly unread: number
    /** They arrived while the server was draining or closed. */
    readonly closing: number
    /**
     * The system dropped them before they reached the server. Counted for udp on Linux. The native engine also counts
     * those that a full server had left with the system when it closed. Otherwise 0.
     */
    readonly kernel: number
  }
  /** Datagrams that could not be sent. */
  readonly sendErrors: number
  /** Bytes queued for sending now. */
  readonly sendQueueBytes: number
  /** Payload bytes of `datagramsReceived`. */
  readonly bytesRead: number
  /** Payload bytes passed to `write()`, `reply()` and `send()`, delivered or not. */
  readonly bytesWritten: number
}

/** Counters of any server. */
export type ServerStats = StreamServerStats | DatagramServerStats

/** The events of a server, with the types of their callbacks. */
export type ServerEvents<C extends Channel = Channel> = {
  /**
   * A handler failed, a peer was refused, or a handshake or an accept failed. `connection` is set if the error
   * concerns one. Without an observer the server continues; the first failure of a handler is then reported as a
   * process warning (`SockHandlerWarning`).
   */
  error: (error: Error, connection?: C) => void
  /**
   * Something happened to a connection. Called once per event, in order, before the operation that caused it
   * continues.
   */
  connection: (event: ConnectionEvent) => void
  /** The server has a new state; `message` is a line for a log, such as `Listening on tcp 127.0.0.1:8080`. */
  state: (state: ServerState, message: string) => void
}

/** A callback of {@link Server.on}. */
export type ServerListener<E extends keyof ServerEvents, C extends Channel = Channel> = ServerEvents<C>[E]

/**
 * A server, with the same interface on all transports; without type arguments, a server of any transport. `await using`
 * shuts it down at the end of the block.
 *
 * @typeParam Target the type that `listen()` takes
 * @typeParam Addr the transport's type of address
 * @typeParam Stats the type that `stats()` returns
 * @typeParam C the type of channel that handlers get
 */
export interface Server<
  Target = string,
  Addr extends Address = Address,
  Stats = ServerStats,
  C extends Channel = Channel,
> extends AsyncDisposable {
  /** The transport it serves. */
  readonly transport: Transport
  /** The current state. */
  readonly state: ServerState
  /** The bound address, with the port the system chose if you asked for port 0; `undefined` unless bound. */
  readonly address: Addr | undefined
  /** Whether connections are encrypted. */
  readonly secure: boolean
  /** Connections that are accepted and not yet closed; for datagrams 1 while listening, else 0. */
  readonly openConnections: number
  /** Resolves when the current run has ended, or the next one if the server has not been started. */
  readonly closed: Promise<void>
  /**
   * Binds, and resolves with the address once peers can connect.
   *
   * Rejects with `ERR_SOCK_INVALID_ADDRESS` for a malformed target, `ERR_SOCK_INVALID_STATE` unless the server is
   * idle or closed, a system error (`EADDRINUSE`, `EACCES`…), or the signal's reason. The server is idle again then,
   * and has released everything.
   */
  listen(target: Target, options?: ListenOptions): Promise<Addr>
  /**
   * Shuts down gracefully: stops listening, still serves peers in the accept queue, ends idle connections, waits for
   * busy ones, and destroys what is still open at the deadline.
   *
   * Resolves at once if the server is not running. Concurrent calls share one result; each adds its deadline and
   * signal, and the earliest wins. If anything had to be destroyed, it rejects with `ERR_SOCK_SHUTDOWN_TIMEOUT`,
   * which carries the report. It settles only after everything is closed.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>
  /**
   * Stops now: closes the listener and destroys every connection. Rejects only with a TypeError, if called with an
   * argument.
   */
  close(): Promise<void>
  /**
   * Iterates over the connections that were open when the loop began, in no order, even if some close meanwhile. A
   * datagram server has one channel while it listens.
   */
  connections(): IterableIterator<C>
  /**
   * Subscribes to an event. `error` reports handler failures, refused peers, and failed handshakes and accepts;
   * `connection` the life of each connection; `state` the life of the server, with a line for a log. Any number of
   * callbacks may subscribe. One that throws or rejects affects no other, and becomes a process warning
   * (`SockCallbackWarning`).
   *
   * @returns a function that unsubscribes
   * @throws TypeError for an unknown event, or a callback that is not a function
   */
  on<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): Unsubscribe
  /** Subscribes like {@link Server.on}, for one call. */
  once<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): Unsubscribe
  /**
   * Removes one subscription of this callback, the newest of several; does nothing if there is none.
   *
   * @throws TypeError for an unknown event
   */
  off<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): void
  /**
   * Keeps the process alive while the server listens. That is the default; call it to undo `unref()`. It does not
   * affect connections, which keep the process alive too.
   *
   * @returns the server
   */
  ref(): this
  /**
   * Lets the process exit although the server listens. It also applies when the server is started later, or again.
   *
   * @returns the server
   * @throws SockError `ERR_SOCK_UNSUPPORTED` if the engine cannot do that, as with the package unix-dgram; if the
   * server is not running, `listen()` rejects with it instead
   */
  unref(): this
  /** Returns the counters, as a new object for each call. */
  stats(): Stats
}

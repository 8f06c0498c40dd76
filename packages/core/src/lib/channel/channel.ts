import type { AddressInfo, Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Address } from '../address/address.js'

/**
 * The names of all transports, each with its kind. A package that implements another transport adds its own name
 * here, and the type {@link Transport} includes it then:
 *
 * @example
 * declare module '@sock/core' {
 *   interface Transports {
 *     memory: 'stream'
 *   }
 * }
 */
export interface Transports {
  /** `@sock/tcp`, with TLS or without. */
  tcp: 'stream'
  /** `@sock/unix`. */
  unix: 'stream'
  /** `@sock/udp`. */
  udp: 'datagram'
  /** `@sock/unixgram`. */
  unixgram: 'datagram'
}

/** The name of a transport: those of `@sock/*`, and those that other packages add to {@link Transports}. */
export type Transport = keyof Transports

/** Options of `read()` and `receive()`: how long to wait. Data that arrives later is kept for the next read. */
export interface ReadOptions {
  /** Cancels the read: it rejects with the signal's reason, and takes no data. */
  signal?: AbortSignal | undefined
  /**
   * The longest wait in ms; after it the read rejects with `ERR_SOCK_READ_TIMEOUT`, and the channel stays open. 0
   * takes only what has arrived already. Default: no limit.
   */
  timeout?: number | undefined
}

/**
 * The object that a handler gets on every transport: it reads, writes and closes, and tells you when to stop. `await
 * using` closes it at the end of the block.
 *
 * @typeParam Data the type of `data`, which the program sets
 * @typeParam Addr the transport's type of address
 */
export interface Channel<Data = unknown, Addr extends Address = Address>
  extends AsyncIterable<Buffer>, AsyncDisposable {
  /** Unique within the process. */
  readonly id: number
  /** The transport that carries it. */
  readonly transport: Transport
  /** The address of this side, looked up when first read. A Unix client has no name: its path is empty. */
  readonly localAddress: Addr
  /**
   * The address of the peer, or `undefined` if it has no name, as with clients of Unix sockets. It is looked up when
   * first read: if the peer has disconnected before that, it is `undefined`.
   */
  readonly remoteAddress: Addr | undefined
  /** Whether `write()` can still be called. */
  readonly isOpen: boolean
  /**
   * Aborts when the handler should stop. `signal.reason` is a `SockError` whose `code` says why: `ERR_SOCK_DRAINING`
   * (the server shuts down: finish the current work), `ERR_SOCK_LIFETIME` (the same, for this connection only),
   * `ERR_SOCK_CLOSED`, `ERR_SOCK_IDLE_TIMEOUT`, `ERR_SOCK_FIRST_BYTE_TIMEOUT`, `ERR_SOCK_BACKPRESSURE` or
   * `ERR_SOCK_RESET`. The signal is created when first read.
   */
  readonly signal: AbortSignal
  /** Yours to use: the library never reads it. It is `undefined` until you set it, whatever its type says. */
  data: Data
  /**
   * Resolves with the next chunk as it arrived, or with `null` at the end of the input. The buffer is yours to keep.
   *
   * Only one read may wait at a time: a second `read()` rejects with `ERR_SOCK_INVALID_STATE`. It also rejects if the
   * connection broke (`ERR_SOCK_RESET`), or if this side ended it other than with `close()`.
   *
   * With `signal` or `timeout` the read can give up: it rejects with the signal's reason, or with
   * `ERR_SOCK_READ_TIMEOUT`. The channel stays open and no data is lost: the next read gets what arrives. Await every
   * read: a rejection that nothing handles ends the process.
   */
  read(options?: ReadOptions): Promise<Buffer | null>
  /**
   * Writes bytes, or a string as UTF-8. Resolves as soon as fewer than `highWaterMark` bytes are queued, so awaiting
   * it applies back-pressure. Do not change the bytes afterwards: they may still be queued.
   *
   * Rejects with `ERR_SOCK_CLOSED` when the channel is closed. If you do not await the promise, its rejection is not
   * reported as unhandled.
   */
  write(data: Uint8Array | string): Promise<void>
  /**
   * Flushes, then closes; resolves when the channel is closed. Rejects if queued bytes could not be flushed, and with
   * a TypeError if it is called with an argument.
   *
   * A connection is destroyed if its peer receives nothing for 30 s. After the flush, `close()` waits for the peer's
   * end: at most 1 s while the peer is silent, at most 10 s while it keeps sending.
   */
  close(): Promise<void>
}

/** One connection of a stream transport (tcp, unix), accepted by a server or opened by a client. */
export interface Connection<Data = unknown, Addr extends Address = Address> extends Channel<Data, Addr> {
  /** Whether the connection is encrypted. */
  readonly secure: boolean
  /** What the transport's handshake negotiated, in the transport's own form; `undefined` without a handshake. */
  readonly tls: unknown
  /**
   * The process at the other end of a Unix connection. `undefined` on tcp, and with Node's engine, which cannot tell.
   */
  readonly peerCredentials: PeerCredentials | undefined
  /** Payload bytes received so far. */
  readonly bytesRead: number
  /** Payload bytes passed to `write()` so far, including those still queued. */
  readonly bytesWritten: number
  /** Bytes that were written and that the system has not accepted yet. */
  readonly waitingBytes: number
  /** Whether `highWaterMark` bytes or more are queued: wait for `drain` before you write more. */
  readonly writableNeedDrain: boolean
  /**
   * Set it to true while only part of a message has arrived. A graceful shutdown then waits for the rest, as long as
   * its `timeout` allows, instead of ending the connection as idle. `serveHttp()` and `@sock/framing` make it wait by
   * themselves, and leave this flag to you. Default: false.
   */
  busy: boolean
  /** Stops reading for good: `read()` resolves with `null`, and later input is discarded. You can still write. */
  closeRead(): void
  /**
   * Sends FIN after the queued bytes; resolves when it is sent. You can still read. Rejects if the connection broke
   * first.
   */
  closeWrite(): Promise<void>
  /**
   * Ends the connection now, without flushing. Pending operations reject with `error`. If you pass an error, the peer
   * sees a reset if the transport has one (tcp), so that it does not mistake a partial answer for a complete one.
   */
  destroy(error?: Error): void
  /**
   * Keeps the process alive while this connection is open. That is the default; call it to undo `unref()`.
   *
   * @returns this connection
   */
  ref(): this
  /**
   * Lets the process exit although this connection is open. Bytes flow as before while something else keeps it alive.
   *
   * @returns this connection
   * @throws SockError `ERR_SOCK_UNSUPPORTED` if the engine cannot do that; Node's engine and the native one can
   */
  unref(): this
  /**
   * The connection as a Node stream, for `node:http`, `ws` or `pipeline()`. It is created when first read, and takes
   * all input from then on.
   */
  readonly stream: ConnectionStream
}

/**
 * A connection as a Node stream with the members of a `net.Socket`, for programs that were written for sockets. A member
 * does what it does on a socket, unless its docstring says otherwise. The stream is not an instance of `net.Socket`: Node
 * would take the handle of one. https://nodejs.org/api/net.html#class-netsocket
 */
export interface ConnectionStream extends Duplex {
  /** The connection behind the stream. */
  readonly connection: Connection
  /**
   * Whether this side stays open when the peer has ended its own, so that you can still write. It is `undefined` until
   * you set it: then the stream stays open while a promise of your handler is pending, or if the handler has a callback
   * `end`; otherwise it ends, like a `net.Socket`.
   */
  allowHalfOpen: boolean
  /**
   * The host of the peer; `undefined` on Unix sockets, like the next two. An IPv4 peer of an IPv6 socket is
   * `::ffff:127.0.0.1`, and its family `IPv6`, as on a socket; `connection.remoteAddress` has its IPv4 address.
   */
  readonly remoteAddress: string | undefined
  /** The port of the peer. */
  readonly remotePort: number | undefined
  /** The family of the peer's address. */
  readonly remoteFamily: 'IPv4' | 'IPv6' | undefined
  /** The host of this side; `undefined` on Unix sockets, like the next two. */
  readonly localAddress?: string
  /** The port of this side. */
  readonly localPort?: number
  /** The family of this side's address. */
  readonly localFamily?: 'IPv4' | 'IPv6'
  /** Payload bytes received so far. */
  readonly bytesRead: number
  /** Payload bytes written so far, including those still queued. */
  readonly bytesWritten: number
  /** Bytes in the queue of the stream: the same as `writableLength`. */
  readonly bufferSize: number
  /** Always false: the connection exists before its stream. */
  readonly connecting: boolean
  /** Always false. */
  readonly pending: boolean
  /** The open sides. */
  readonly readyState: 'open' | 'readOnly' | 'writeOnly' | 'closed'
  /** Always empty: the connection exists before its stream. */
  readonly autoSelectFamilyAttemptedAddresses: string[]
  /** The server of `node:http` that serves it, else `null`. */
  readonly server: Server | null
  /** The time that `setTimeout()` has set, in ms; `undefined` before the first call. */
  readonly timeout?: number
  /** The address of this side; an empty object on Unix sockets. */
  address(): AddressInfo | Record<string, never>
  /**
   * Emits `timeout` when nothing was read or sent for `ms` milliseconds. 0 turns that off. The connection stays open.
   *
   * @throws TypeError, RangeError unless `ms` is a time that a timer can wait for
   */
  setTimeout(ms: number, callback?: () => void): this
  /** Sends small writes at once (TCP_NODELAY). Does nothing on Unix sockets. Default: true. */
  setNoDelay(noDelay?: boolean): this
  /**
   * Probes a silent peer (SO_KEEPALIVE). Does nothing on Unix sockets. Default: false.
   *
   * @param enable whether to probe; or both, as an object
   * @param initialDelay the silence before the first probe, in ms. 0 leaves it unchanged, and is the default
   */
  setKeepAlive(
    enable?: boolean | { enable?: boolean | undefined; initialDelay?: number | undefined },
    initialDelay?: number,
  ): this
  /** The byte that `setTypeOfService()` has set (IP_TOS); 0 if the engine cannot tell. */
  getTypeOfService(): number
  /** Sets this byte of each packet, where the engine can: Node's from Node 25.6 on. */
  setTypeOfService(tos: number): this
  /** Keeps the process alive while open, which is the default. Does nothing if the engine cannot do that. */
  ref(): this
  /** Lets the process end while open. Does nothing if the engine cannot do that. */
  unref(): this
  /** Emits `connect` and `ready`, for programs that connect their socket themselves. The arguments have no effect. */
  connect(...ignored: unknown[]): this
  /** Ends the stream, and closes the connection when everything is sent. */
  destroySoon(): void
  /** Destroys the stream, and resets the connection if the transport has a reset (tcp). */
  resetAndDestroy(): this
}

/**
 * A process, as it was when the connection was made; another process may have its id by now (SO_PEERCRED, unix(7)).
 */
export interface PeerCredentials {
  /** The id that this process sees; 0 if the other process runs in another PID namespace. */
  readonly pid: number
  /** The user it ran as. */
  readonly uid: number
  /** The group it ran as. */
  readonly gid: number
}

/**
 * A received datagram.
 *
 * @typeParam Sender the transport's type of address, including `undefined` if a sender may have no name
 */
export interface Datagram<Sender extends Address | undefined = Address | undefined> {
  /** The message, complete unless `truncated`; it may be empty. The buffer is yours to keep. */
  readonly data: Buffer
  /** The sender; `undefined` if it has no name. */
  readonly remoteAddress: Sender
  /** Whether the message was cut because it was larger than a receive buffer. */
  readonly truncated: boolean
  /**
   * The process that sent it (SCM_CREDENTIALS, unix(7)), if the engine was told to report it; otherwise `undefined`.
   */
  readonly peerCredentials: PeerCredentials | undefined
  /**
   * Answers the sender of this datagram, even if others were read since. Rejects like {@link DatagramChannel.send}.
   */
  reply(data: Uint8Array | string): Promise<void>
}

/**
 * A datagram socket (udp, unixgram): a server's, which all its handlers share, or a client's. Datagrams keep their
 * boundaries. As the transport allows, they may be lost, duplicated or reordered on the way.
 *
 * `read()` resolves with one datagram. `write()` answers the sender of the datagram that was read last; on a client
 * it sends to the server. In a server's handler, `close()` ends this run of the handler, not the server: the next
 * datagram starts another run.
 */
export interface DatagramChannel<
  Data = unknown,
  Sender extends Address | undefined = Address | undefined,
> extends Channel<Data, NonNullable<Sender>> {
  /** The process that sent the datagram read last; see {@link Datagram.peerCredentials}. */
  readonly peerCredentials: PeerCredentials | undefined
  /** Resolves with the next datagram and its sender, or with `null` at the end. The rules of `read()` apply. */
  receive(options?: ReadOptions): Promise<Datagram<Sender> | null>
  /** Iterates over all datagrams with their senders. */
  datagrams(): AsyncIterable<Datagram<Sender>>
  /**
   * Sends a datagram to an address, or to one given as a string: `127.0.0.1:8125`, `[::1]:8125`, a path. Host names
   * are not looked up. Resolves when the system has accepted it.
   *
   * Rejects with `ERR_SOCK_MESSAGE_TOO_LARGE`, `ERR_SOCK_BACKPRESSURE` (the receiver had no room for 5 s, or 4 MiB
   * are queued), `ERR_SOCK_NO_PEER_ADDRESS` (there is no sender to answer), `ERR_SOCK_INVALID_ADDRESS`,
   * `ERR_SOCK_CLOSED`, or a system error. The channel stays open.
   */
  send(data: Uint8Array | string, to: NonNullable<Sender> | string): Promise<void>
}

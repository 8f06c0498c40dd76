import type { Duplex } from 'node:stream'
import type { Address } from '../address/address.js'

/**
 * The names of transports, each with its kind. A package with another transport adds its own, and then every program that
 * uses it knows the name:
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

/** What `@sock/*`, and whoever joins {@link Transports}, can talk over. */
export type Transport = keyof Transports

/** Options of `read()` and `receive()`: when to give up. What comes later is not lost: the next read gets it. */
export interface ReadOptions {
  /** Aborted while the read waits, it rejects with the signal's reason; aborted before, it rejects and takes nothing. */
  signal?: AbortSignal | undefined
  /**
   * How long to wait at most, in ms; after that the read rejects with `ERR_SOCK_READ_TIMEOUT`, and the channel lives on.
   * 0 takes what is here already. Default: no limit.
   */
  timeout?: number | undefined
}

/**
 * What a handler gets on every transport: read, write, close, and when to stop.
 *
 * @typeParam Data what the program keeps in `data`
 * @typeParam Addr the transport's kind of address
 */
export interface Channel<Data = unknown, Addr extends Address = Address>
  extends AsyncIterable<Buffer>, AsyncDisposable {
  /** Unique within the process. */
  readonly id: number
  /** What it talks over. */
  readonly transport: Transport
  /** This side. A Unix client has no name: its path is empty. It is looked up when first read, like the peer's. */
  readonly localAddress: Addr
  /**
   * The peer; `undefined` if it has no name, as clients of Unix sockets have none.
   * It is looked up when first read: a peer that was gone before that has lost its name too.
   */
  readonly remoteAddress: Addr | undefined
  /** Whether `write()` is still possible. */
  readonly isOpen: boolean
  /**
   * Aborts when it is time to stop; `signal.reason` is a `SockError` whose `code` says why:
   * `ERR_SOCK_DRAINING` (the server shuts down: finish what you are at), `ERR_SOCK_LIFETIME` (the same, for this
   * connection), `ERR_SOCK_CLOSED`, `ERR_SOCK_IDLE_TIMEOUT`, `ERR_SOCK_FIRST_BYTE_TIMEOUT`, `ERR_SOCK_BACKPRESSURE` or
   * `ERR_SOCK_RESET`. Made on first use.
   */
  readonly signal: AbortSignal
  /** Yours: the library never looks at it. `undefined` until you set it, whatever its type says. */
  data: Data
  /**
   * The next chunk, as it arrived, or `null` at the end. The buffer is yours to keep.
   *
   * One at a time: a second `read()` while one waits rejects with `ERR_SOCK_INVALID_STATE`. Rejects when the connection
   * broke (`ERR_SOCK_RESET`) or was ended from this side without `close()`.
   *
   * With `signal` or `timeout` it may give up: it rejects with the signal's reason, or with `ERR_SOCK_READ_TIMEOUT`. The
   * channel lives on then, and nothing is lost: the next read gets what comes.
   */
  read(options?: ReadOptions): Promise<Buffer | null>
  /**
   * Writes; strings as UTF-8. Resolves as soon as fewer than `highWaterMark` bytes wait, so awaiting it is the
   * back-pressure. Do not change the bytes afterwards: they may not have left yet.
   *
   * Rejects with `ERR_SOCK_CLOSED` when the channel is closed. A rejection nobody waits for is not "unhandled".
   */
  write(data: Uint8Array | string): Promise<void>
  /**
   * Flushes, then closes; resolves when it is closed. Rejects if what was written could not be flushed, or for an argument.
   *
   * A connection is given up when its peer takes nothing for 30 s. After the flush, a peer that stays silent for 1 s, or
   * goes on sending for 10 s, is not waited for any longer.
   */
  close(): Promise<void>
}

/** One connection of a stream transport (tcp, unix), accepted or dialled. */
export interface Connection<Data = unknown, Addr extends Address = Address> extends Channel<Data, Addr> {
  /** Whether it is encrypted. */
  readonly secure: boolean
  /** What the transport's handshake agreed upon, as the transport describes it; `undefined` without a handshake. */
  readonly tls: unknown
  /**
   * The process at the other end of a Unix connection: who connected, or to a client who listens. `undefined` on tcp, and
   * with Node's engine, which cannot tell.
   */
  readonly peerCredentials: PeerCredentials | undefined
  /** Payload bytes received so far. */
  readonly bytesRead: number
  /** Payload bytes given to `write()` so far, those still waiting included. */
  readonly bytesWritten: number
  /** Bytes that were written and that the system has not taken yet. */
  readonly waitingBytes: number
  /** Whether `highWaterMark` bytes or more wait: better not to write before `drain`. */
  readonly writableNeedDrain: boolean
  /** Stops reading for good: `read()` gives `null`, and what still arrives is discarded. Writing goes on. */
  closeRead(): void
  /** Sends FIN after what is queued, and resolves then; reading goes on. Rejects if the connection broke before. */
  closeWrite(): Promise<void>
  /**
   * Ends the connection now, without flushing. `error` is what pending operations reject with; with it, the peer sees a
   * reset where the transport has one (tcp), so that it does not take half an answer for the whole.
   */
  destroy(error?: Error): void
  /**
   * While it is open, keeps the process alive: the default, and what `unref()` takes back.
   *
   * @returns this connection
   */
  ref(): this
  /**
   * Lets the process end although this connection is open. Bytes flow as before while something else keeps it alive.
   *
   * @returns this connection
   * @throws SockError `ERR_SOCK_UNSUPPORTED` where the engine cannot do that; Node's and the native one can
   */
  unref(): this
  /**
   * The same connection as a Node stream, for `node:http`, `ws` or `pipeline()`. Made on first use; from then on the
   * stream takes the input.
   */
  readonly stream: Duplex
}

/** A process, as it was when the connection was made: the id may have passed to another since (SO_PEERCRED, unix(7)). */
export interface PeerCredentials {
  /** Its id, as this process sees it; 0 for one of another PID namespace. */
  readonly pid: number
  /** The user it acted for. */
  readonly uid: number
  /** The group it acted for. */
  readonly gid: number
}

/**
 * A datagram that was received.
 *
 * @typeParam Sender the transport's kind of address, with `undefined` where a sender may have no name
 */
export interface Datagram<Sender extends Address | undefined = Address | undefined> {
  /** The message, whole unless `truncated`; it may be empty. The buffer is yours to keep. */
  readonly data: Buffer
  /** The sender; `undefined` if it has no name. */
  readonly remoteAddress: Sender
  /** Whether the message was cut, since it was larger than a buffer on the way. */
  readonly truncated: boolean
  /** The process that sent it (SCM_CREDENTIALS, unix(7)), where the engine was asked to tell; otherwise `undefined`. */
  readonly peerCredentials: PeerCredentials | undefined
  /** Answers its sender, whoever was read since. Rejects like {@link DatagramChannel.send}. */
  reply(data: Uint8Array | string): Promise<void>
}

/**
 * A datagram socket (udp, unixgram): the one that all handlers of a server share, or that of a client. Datagrams keep
 * their boundaries, and may get lost, be doubled or overtake each other on the way, as the transport allows.
 *
 * `read()` gives one datagram; `write()` answers the sender of what was read last, or goes to the server on a client.
 * In a server's handler, `close()` ends this run of the handler and not the server: the next datagram starts another.
 */
export interface DatagramChannel<
  Data = unknown,
  Sender extends Address | undefined = Address | undefined,
> extends Channel<Data, NonNullable<Sender>> {
  /** See {@link Datagram.peerCredentials}; those of the sender of what was read last. */
  readonly peerCredentials: PeerCredentials | undefined
  /** The next datagram with its sender, or `null` at the end. One at a time, and it may give up, like `read()`. */
  receive(options?: ReadOptions): Promise<Datagram<Sender> | null>
  /** All datagrams with their senders. */
  datagrams(): AsyncIterable<Datagram<Sender>>
  /**
   * Sends to any address, or to one as a string: `127.0.0.1:8125`, `[::1]:8125`, a path. Names of hosts are not looked up.
   * Resolves when the system has taken it.
   *
   * Rejects with `ERR_SOCK_MESSAGE_TOO_LARGE`, `ERR_SOCK_BACKPRESSURE` (the receiver had no room for 5 s, or 4 MiB are on
   * their way), `ERR_SOCK_NO_PEER_ADDRESS` (nobody to answer), `ERR_SOCK_INVALID_ADDRESS`, `ERR_SOCK_CLOSED`, or a system
   * error. The channel lives on.
   */
  send(data: Uint8Array | string, to: NonNullable<Sender> | string): Promise<void>
}

import type { Socket } from 'node:net'
import { isRecord, wrongType, type Check, type Checks } from '../options/check.js'
import { abortSignal, func, integer, limit, milliseconds } from '../options/values.js'
import type { ConnectionEvent } from '../server/server.js'
import { DEFAULT_BACKLOG } from './server/accept-queue.js'
import { nodeEngine } from './node/node-engine.js'
import type { StreamEngine } from './port.js'

/**
 * Options of connections, for servers and clients.
 *
 * @typeParam EngineSocket the engine's type of socket; it follows from `engine`
 */
export interface StreamConnectionOptions<EngineSocket = Socket> {
  /** Closes a connection on which no byte moved in either direction for this many ms. Default: 0 (never). */
  idleTimeout?: number | undefined
  /**
   * Closes a connection whose peer has sent nothing for this many ms, even while you write to it. Counts only while
   * the peer's side is open and input is being read, not while a full queue pauses reading. Default: 0 (never).
   */
  readTimeout?: number | undefined
  /**
   * Closes a connection whose peer has received nothing for this many ms while bytes are queued for it, even if the
   * peer sends. Default: 0 (never).
   */
  writeTimeout?: number | undefined
  /**
   * How many bytes may be queued per direction. From there on `write()` waits, and reading pauses, so that unread
   * input stays with the peer. Default: 65536.
   */
  highWaterMark?: number | undefined
  /**
   * The limit of bytes queued for sending. If you write without awaiting while that many are queued, the connection is
   * reset with `ERR_SOCK_BACKPRESSURE`, counted and reported. At least `highWaterMark`. Default: 67108864.
   */
  maxWriteBuffer?: number | undefined
  /** Called once per connection before the handler, with the engine's socket: by default a `net.Socket`. */
  configure?: ((socket: NoInfer<EngineSocket>) => void) | undefined
  /** The engine, which moves the bytes. Default: Node's sockets. */
  engine?: StreamEngine<EngineSocket> | undefined
}

/** Options that all stream clients have. */
export interface StreamClientOptions<EngineSocket = Socket> extends StreamConnectionOptions<EngineSocket> {
  /** Cancels connecting; has no effect afterwards. */
  signal?: AbortSignal | undefined
  /** Called with each event of the connection, from `dial` to `close`. */
  onState?: ((event: ConnectionEvent) => void) | undefined
}

/** Options that all stream servers have. */
export interface StreamServerOptions<EngineSocket = Socket> extends StreamConnectionOptions<EngineSocket> {
  /** How long `shutdown()` waits for busy connections, in ms. Default: 25000. */
  shutdownTimeout?: number | undefined
  /** The limit of open connections. Other peers are closed at once, counted and reported. 0 refuses all. Default: `Infinity`. */
  maxConnections?: number | undefined
  /**
   * The limit of bytes queued for sending on all connections together, except those with less than `highWaterMark`
   * queued. Beyond it, connections with the longest queues are reset with `ERR_SOCK_BACKPRESSURE`, counted and
   * reported. Default: `Infinity`.
   */
  maxBufferedBytes?: number | undefined
  /** Closes a connection whose peer has sent nothing at all within this many ms. Default: 0 (never). */
  firstByteTimeout?: number | undefined
  /**
   * The longest life of a connection in ms. An older one ends as in `shutdown()`: its `signal` aborts, the server ends
   * it when it is idle, and destroys it after another `shutdownTimeout`. Default: 0 (never).
   */
  maxLifetime?: number | undefined
  /** How long a connection must be quiet to count as idle during `shutdown()`, in ms. Default: 500. */
  drainIdle?: number | undefined
  /** The length of the system's accept queue (listen(2)). Default: 511. */
  backlog?: number | undefined
}

/** 1 GiB: a higher mark would limit nothing. */
const MAX_HIGH_WATER_MARK = 2 ** 30
/**
 * More than a handler that awaits its writes ever queues, and little enough to keep one that does not from filling
 * the memory.
 */
const DEFAULT_MAX_WRITE_BUFFER = 64 * 1024 * 1024
/** The largest int, as listen(2) takes it; the system lowers it to its own limit. */
const MAX_BACKLOG = 2 ** 31 - 1

const engine: Check<StreamEngine<unknown>> = (value, name) => {
  if (value === undefined) return nodeEngine
  const given = (isRecord(value) ? value : {}) as Partial<StreamEngine<unknown>>
  if (typeof given.listenStream === 'function' && typeof given.connectStream === 'function')
    return given as StreamEngine
  throw wrongType(name, 'an engine for streams, such as `engine` of @sock/native', value)
}

const connectionChecks = {
  idleTimeout: milliseconds(0),
  readTimeout: milliseconds(0),
  writeTimeout: milliseconds(0),
  highWaterMark: integer(64 * 1024, 1, MAX_HIGH_WATER_MARK),
  maxWriteBuffer: limit(DEFAULT_MAX_WRITE_BUFFER, 1),
} satisfies Checks<Omit<StreamConnectionOptions, 'configure' | 'engine'>>

/** Options of transports whose connections are an engine's sockets. */
const socketChecks = {
  configure: func<(socket: unknown) => void>(),
  engine,
} satisfies Checks<Pick<StreamConnectionOptions<unknown>, 'configure' | 'engine'>>

/** The checks of a client for `checkOptions()`, for a transport without sockets: one per option, with its default. */
export const bareStreamClientChecks = {
  ...connectionChecks,
  signal: abortSignal,
  onState: func<(event: ConnectionEvent) => void>(),
} satisfies Checks<Omit<StreamClientOptions, 'configure' | 'engine'>>

/** The checks of a server for `checkOptions()`, for a transport without sockets: the options that core implements. */
export const bareStreamServerChecks = {
  ...connectionChecks,
  shutdownTimeout: milliseconds(25_000),
  maxConnections: limit(Infinity),
  maxBufferedBytes: limit(Infinity, 1),
  firstByteTimeout: milliseconds(0),
  maxLifetime: milliseconds(0),
  drainIdle: milliseconds(500),
} satisfies Checks<Omit<StreamServerOptions, 'configure' | 'engine' | 'backlog'>>

/** The checks of {@link StreamClientOptions} for `checkOptions()`: one per option, with its default. */
export const streamClientChecks = { ...bareStreamClientChecks, ...socketChecks } satisfies Checks<
  StreamClientOptions<unknown>
>

/** The checks of {@link StreamServerOptions} for `checkOptions()`: one per option, with its default. */
export const streamServerChecks = {
  ...bareStreamServerChecks,
  ...socketChecks,
  backlog: integer(DEFAULT_BACKLOG, 1, MAX_BACKLOG),
} satisfies Checks<StreamServerOptions<unknown>>

/**
 * Checks that a handler that awaits each `write()` can never exceed `maxWriteBuffer`.
 *
 * @throws RangeError if it is below `highWaterMark`
 */
export function checkWriteBuffer(settings: {
  readonly maxWriteBuffer: number
  readonly highWaterMark: number
}): void {
  const { maxWriteBuffer, highWaterMark } = settings
  if (maxWriteBuffer !== Infinity)
    integer(0, highWaterMark, Number.MAX_SAFE_INTEGER)(maxWriteBuffer, 'maxWriteBuffer')
}

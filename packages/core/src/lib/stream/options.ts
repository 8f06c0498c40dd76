import type { Socket } from 'node:net'
import { wrongType, type Check, type Checks } from '../options/check.js'
import { abortSignal, func, integer, limit, milliseconds, object } from '../options/values.js'
import type { ConnectionEvent } from '../server/server.js'
import { DEFAULT_BACKLOG } from './accept-queue.js'
import { nodeEngine } from './node/node-engine.js'
import type { StreamEngine } from './port.js'

/**
 * Options of connections, accepted or dialled.
 *
 * @typeParam EngineSocket what the engine calls a socket; it follows from `engine`
 */
export interface StreamConnectionOptions<EngineSocket = Socket> {
  /** Close connections on which nothing moved, in either direction, for this many ms. Default 0: never. */
  idleTimeout?: number | undefined
  /**
   * Close connections whose peer has sent nothing for this many ms, whatever is written to it, while its side is open and we
   * take input. Time in which input is left with the peer, since nobody reads, does not count. Default 0: never.
   */
  readTimeout?: number | undefined
  /**
   * Close connections whose peer has taken nothing for this many ms, whatever it sends, while bytes wait to be written.
   * Default 0: never.
   */
  writeTimeout?: number | undefined
  /**
   * Bytes per direction that may wait: from there on `write()` waits, and input that nobody reads is left with the peer.
   * Default 65536.
   */
  highWaterMark?: number | undefined
  /**
   * Bytes that may wait to be written: whoever goes on writing although so many wait, instead of waiting for `write()`, has
   * the connection reset, with `ERR_SOCK_BACKPRESSURE`, counted and reported. At least `highWaterMark`. Default 67108864.
   */
  maxWriteBuffer?: number | undefined
  /** Runs once per connection before the handler, with what the engine calls a socket: Node's own, by default. */
  configure?: ((socket: NoInfer<EngineSocket>) => void) | undefined
  /** What moves the bytes. Default: Node. */
  engine?: StreamEngine<EngineSocket> | undefined
}

/** Options that all stream clients have. */
export interface StreamClientOptions<EngineSocket = Socket> extends StreamConnectionOptions<EngineSocket> {
  /** Aborts the attempt to connect; afterwards it has no meaning. */
  signal?: AbortSignal | undefined
  /** Observes the connection, from `dial` to `close`. */
  onState?: ((event: ConnectionEvent) => void) | undefined
}

/** Options that all stream servers have. */
export interface StreamServerOptions<EngineSocket = Socket> extends StreamConnectionOptions<EngineSocket> {
  /** How long `shutdown()` waits for busy connections, in ms. Default 25000. */
  shutdownTimeout?: number | undefined
  /** More peers than this are closed at once, counted and reported. Default `Infinity`. */
  maxConnections?: number | undefined
  /**
   * Bytes that may wait to be written on all connections together that are behind, by `highWaterMark` or more. Over it
   * those with the most are reset, with `ERR_SOCK_BACKPRESSURE`, counted and reported. Default `Infinity`.
   */
  maxBufferedBytes?: number | undefined
  /** Close connections whose peer has sent nothing at all within this many ms. Default 0: never. */
  firstByteTimeout?: number | undefined
  /**
   * Connections older than this many ms are treated as by `shutdown()`: `signal` fires, they are ended once idle, and
   * destroyed after `shutdownTimeout` more. Default 0: never.
   */
  maxLifetime?: number | undefined
  /** How long a connection must be quiet to count as idle during `shutdown()`, in ms. Default 500. */
  drainIdle?: number | undefined
  /** Length of the system's queue of peers that wait to be accepted (listen(2)). Default 511. */
  backlog?: number | undefined
}

/** 1 GiB: beyond that a mark bounds nothing. */
const MAX_HIGH_WATER_MARK = 2 ** 30
/** More than anybody should have waiting who takes care; a handler that takes none does not fill the memory. */
const DEFAULT_MAX_WRITE_BUFFER = 64 * 1024 * 1024
/** What fits listen(2)'s int; the system lowers it to its own limit. */
const MAX_BACKLOG = 2 ** 31 - 1

const engine: Check<StreamEngine<unknown>> = (value, name) => {
  const given = object<Partial<StreamEngine<unknown>>>()(value, name)
  if (given === undefined) return nodeEngine
  if (typeof given.listenStream === 'function' && typeof given.connectStream === 'function')
    return given as StreamEngine
  throw wrongType(name, 'an engine', value)
}

const connectionChecks = {
  idleTimeout: milliseconds(0),
  readTimeout: milliseconds(0),
  writeTimeout: milliseconds(0),
  highWaterMark: integer(64 * 1024, 1, MAX_HIGH_WATER_MARK),
  maxWriteBuffer: limit(DEFAULT_MAX_WRITE_BUFFER, 1),
} satisfies Checks<Omit<StreamConnectionOptions, 'configure' | 'engine'>>

/** What only transports have whose connections are sockets of an engine. */
const socketChecks = {
  configure: func<(socket: unknown) => void>(),
  engine,
} satisfies Checks<Pick<StreamConnectionOptions<unknown>, 'configure' | 'engine'>>

/** The checks for `checkOptions()` of a client whose transport has no sockets: one per option, with its default. */
export const bareStreamClientChecks = {
  ...connectionChecks,
  signal: abortSignal,
  onState: func<(event: ConnectionEvent) => void>(),
} satisfies Checks<Omit<StreamClientOptions, 'configure' | 'engine'>>

/** The checks for `checkOptions()` of a server whose transport has no sockets: what the machinery does by itself. */
export const bareStreamServerChecks = {
  ...connectionChecks,
  shutdownTimeout: milliseconds(25_000),
  maxConnections: limit(Infinity),
  maxBufferedBytes: limit(Infinity, 1),
  firstByteTimeout: milliseconds(0),
  maxLifetime: milliseconds(0),
  drainIdle: milliseconds(500),
} satisfies Checks<Omit<StreamServerOptions, 'configure' | 'engine' | 'backlog'>>

/** The checks of {@link StreamClientOptions}, for `checkOptions()`: one per option, with its default. */
export const streamClientChecks = { ...bareStreamClientChecks, ...socketChecks } satisfies Checks<
  StreamClientOptions<unknown>
>

/** The checks of {@link StreamServerOptions}, for `checkOptions()`: one per option, with its default. */
export const streamServerChecks = {
  ...bareStreamServerChecks,
  ...socketChecks,
  backlog: integer(DEFAULT_BACKLOG, 1, MAX_BACKLOG),
} satisfies Checks<StreamServerOptions<unknown>>

/**
 * Whoever waits for each `write()` is never over the limit.
 *
 * @throws RangeError
 */
export function checkWriteBuffer(settings: {
  readonly maxWriteBuffer: number
  readonly highWaterMark: number
}): void {
  const { maxWriteBuffer, highWaterMark } = settings
  if (maxWriteBuffer !== Infinity)
    integer(0, highWaterMark, Number.MAX_SAFE_INTEGER)(maxWriteBuffer, 'maxWriteBuffer')
}

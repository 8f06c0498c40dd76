import { type Checks } from '../options/check.js'
import { abortSignal, func, limit, milliseconds } from '../options/values.js'
import type { ConnectionEvent } from '../server/server.js'

/**
 * Options of datagram sockets, for servers and clients.
 *
 * @typeParam EngineSocket the engine's type of socket; it follows from the option `engine` of the transport
 */
export interface DatagramOptions<EngineSocket = unknown> {
  /**
   * How many bytes may be queued for a slow handler or reader, plus 128 per datagram. Beyond that, it depends
   * on the engine: Node's drops datagrams and counts them; `@sock/native` leaves them in the system's buffer. Default:
   * 4 MiB.
   */
  maxQueuedBytes?: number | undefined
  /** Called once with the engine's socket, before anything is received. */
  configure?: ((socket: NoInfer<EngineSocket>) => void) | undefined
}

/** Options that all datagram servers have. */
export interface DatagramServerOptions<EngineSocket = unknown> extends DatagramOptions<EngineSocket> {
  /** How long `shutdown()` waits for the handler and for queued datagrams, in ms. Default: 25000. */
  shutdownTimeout?: number | undefined
}

/** Options that all datagram clients have. */
export interface DatagramClientOptions<EngineSocket = unknown> extends DatagramOptions<EngineSocket> {
  /** Cancels connecting; has no effect afterwards. */
  signal?: AbortSignal | undefined
  /** Called with each event of the channel, from `dial` to `close`. */
  onState?: ((event: ConnectionEvent) => void) | undefined
}

const datagramChecks = {
  maxQueuedBytes: limit(4 * 1024 * 1024, 1),
  configure: func<(socket: unknown) => void>(),
} satisfies Checks<DatagramOptions>

/** The checks of {@link DatagramServerOptions} for `checkOptions()`: one per option, with its default. */
export const datagramServerChecks = {
  ...datagramChecks,
  shutdownTimeout: milliseconds(25_000),
} satisfies Checks<DatagramServerOptions>

/** The checks of {@link DatagramClientOptions} for `checkOptions()`: one per option, with its default. */
export const datagramClientChecks = {
  ...datagramChecks,
  signal: abortSignal,
  onState: func<(event: ConnectionEvent) => void>(),
} satisfies Checks<DatagramClientOptions>

import { type Checks } from '../options/check.js'
import { abortSignal, func, limit, milliseconds } from '../options/values.js'
import type { ConnectionEvent } from '../server/server.js'

/**
 * Options of datagram sockets, those of servers and those of clients.
 *
 * @typeParam EngineSocket what the engine calls a socket; it follows from the option `engine` of the transport
 */
export interface DatagramOptions<EngineSocket = unknown> {
  /**
   * Bytes that may wait for a handler or reader that is slow, 128 per datagram included. What comes then is left with
   * the system or dropped and counted, as the transport allows. Default 4 MiB.
   */
  maxQueuedBytes?: number | undefined
  /** Runs once for the socket, before anything is received, with what the engine calls a socket. */
  configure?: ((socket: NoInfer<EngineSocket>) => void) | undefined
}

/** Options that all datagram servers have. */
export interface DatagramServerOptions<EngineSocket = unknown> extends DatagramOptions<EngineSocket> {
  /** How long `shutdown()` waits for the handler and what it sends, in ms. Default 25000. */
  shutdownTimeout?: number | undefined
}

/** Options that all datagram clients have. */
export interface DatagramClientOptions<EngineSocket = unknown> extends DatagramOptions<EngineSocket> {
  /** Aborts the attempt to connect; afterwards it has no meaning. */
  signal?: AbortSignal | undefined
  /** Observes the channel, from `dial` to `close`. */
  onState?: ((event: ConnectionEvent) => void) | undefined
}

const datagramChecks = {
  maxQueuedBytes: limit(4 * 1024 * 1024, 1),
  configure: func<(socket: unknown) => void>(),
} satisfies Checks<DatagramOptions>

/** The checks of {@link DatagramServerOptions}, for `checkOptions()`: one per option, with its default. */
export const datagramServerChecks = {
  ...datagramChecks,
  shutdownTimeout: milliseconds(25_000),
} satisfies Checks<DatagramServerOptions>

/** The checks of {@link DatagramClientOptions}, for `checkOptions()`: one per option, with its default. */
export const datagramClientChecks = {
  ...datagramChecks,
  signal: abortSignal,
  onState: func<(event: ConnectionEvent) => void>(),
} satisfies Checks<DatagramClientOptions>

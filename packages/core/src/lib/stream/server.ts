import type { Address } from '../address.js'
import { CallbackRegistry } from '../callbacks.js'
import type { Transport } from '../channel.js'
import { checkStreamHandler, type StreamHandler } from '../handler.js'
import type { Server, ServerEvents } from '../server.js'
import { createServer, SERVER_EVENTS } from '../server-life.js'
import { ConnectionSet } from './connection-set.js'
import { checkWriteBuffer } from './options.js'
import type { StreamListener, StreamListenerSink } from './port.js'

/** What a transport is to the machinery. */
export interface StreamBinding<Target, Addr extends Address, Endpoint> {
  /** What servers and connections say they talk over. */
  readonly transport: Transport
  /** Whether connections are encrypted. */
  readonly secure: boolean
  /** Checks a target. @throws SockError `ERR_SOCK_INVALID_ADDRESS` and the like */
  parse(target: Target): Endpoint
  /**
   * Opens a listener. Rejects with the system's error or the signal's reason, and leaves nothing then. One that takes no
   * time to open need not look at the signal.
   */
  open(endpoint: Endpoint, sink: StreamListenerSink, signal: AbortSignal): Promise<StreamListener<Addr>>
}

/** The options of the machinery, all of them given. */
export interface StreamServerSettings {
  /** See `shutdownTimeout` of `StreamServerOptions`. */
  readonly shutdownTimeout: number
  /** See `maxConnections` of `StreamServerOptions`. */
  readonly maxConnections: number
  /** How many may be in the handshake at once, for bindings that shake hands. Default `Infinity`. */
  readonly maxHandshakes?: number
  /** See `idleTimeout` of `StreamConnectionOptions`. */
  readonly idleTimeout: number
  /** See `firstByteTimeout` of `StreamServerOptions`. */
  readonly firstByteTimeout: number
  /** See `maxLifetime` of `StreamServerOptions`. */
  readonly maxLifetime: number
  /** See `highWaterMark` of `StreamConnectionOptions`. */
  readonly highWaterMark: number
  /** See `maxWriteBuffer` of `StreamConnectionOptions`. */
  readonly maxWriteBuffer: number
  /** See `maxBufferedBytes` of `StreamServerOptions`. */
  readonly maxBufferedBytes: number
  /** See `drainIdle` of `StreamServerOptions`. */
  readonly drainIdle: number
  /** How long a handshake may take, in ms, for bindings that shake hands. Default `Infinity`. */
  readonly handshakeTimeout?: number
  /** See `configure` of `StreamConnectionOptions` (default: none); one that throws is treated like a handler that throws. */
  readonly configure?: ((socket: never) => void) | undefined
}

/**
 * Makes the server of a stream transport.
 *
 * @throws TypeError if the handler has neither of its two forms, RangeError if `maxWriteBuffer` is below `highWaterMark`
 */
export function createStreamServer<Target, Addr extends Address, Endpoint>(
  binding: StreamBinding<Target, Addr, Endpoint>,
  handler: StreamHandler,
  settings: StreamServerSettings,
): Server<Target, Addr> {
  const { transport, secure } = binding
  checkWriteBuffer(settings)
  const registry = new CallbackRegistry<ServerEvents>(SERVER_EVENTS)
  const population = new ConnectionSet(transport, checkStreamHandler(handler), settings, registry)
  return createServer(
    {
      transport,
      secure,
      shutdownTimeout: settings.shutdownTimeout,
      population,
      parse: (target: Target) => binding.parse(target),
      open: (endpoint: Endpoint, signal: AbortSignal) => binding.open(endpoint, population, signal),
    },
    registry,
  )
}

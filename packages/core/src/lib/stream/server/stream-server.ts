import type { Address } from '../../address/address.js'
import { CallbackRegistry } from '../../server/callback-registry.js'
import type { Connection, Transport } from '../../channel/channel.js'
import { checkStreamHandler, type StreamHandler } from '../../channel/handler.js'
import { keepFreedMemory } from '../../server/keep-memory.js'
import type { Server, ServerEvents, StreamServerStats } from '../../server/server.js'
import { createServer, SERVER_EVENTS } from '../../server/implementation.js'
import { AcceptQueue, DEFAULT_BACKLOG } from './accept-queue.js'
import { ConnectionSet } from './connection-set.js'
import { checkWriteBuffer } from '../options.js'
import type { StreamListener, StreamListenerSink } from '../port.js'
import type { StreamServerSettings } from './settings.js'

/** A server of a stream transport. */
export interface StreamServer<
  Target = string,
  Addr extends Address = Address,
  C extends Connection = Connection,
> extends Server<Target, Addr, StreamServerStats, C> {}

/** What a transport supplies: how to check targets and open listeners. */
export interface StreamBinding<Target, Addr extends Address, Endpoint> {
  /** The name of the transport. */
  readonly transport: Transport
  /** Whether connections are encrypted. */
  readonly secure: boolean
  /** Checks a target. @throws SockError `ERR_SOCK_INVALID_ADDRESS` and similar codes */
  parse(target: Target): Endpoint
  /**
   * Opens a listener. If it rejects, with the system's error or the signal's reason, it leaves nothing open. If opening
   * takes no time, it may ignore the signal.
   */
  open(endpoint: Endpoint, sink: StreamListenerSink, signal: AbortSignal): Promise<StreamListener<Addr>>
}

/**
 * Returns a server of a stream transport.
 *
 * @throws TypeError if the handler is neither a function nor an object of callbacks, RangeError if `maxWriteBuffer`
 * is below `highWaterMark`
 */
export function createStreamServer<
  Target,
  Addr extends Address,
  Endpoint,
  C extends Connection<unknown, Addr> = Connection<unknown, Addr>,
>(
  binding: StreamBinding<Target, Addr, Endpoint>,
  handler: StreamHandler<C>,
  settings: StreamServerSettings,
): StreamServer<Target, Addr, C> {
  const { transport, secure } = binding
  const { backlog = DEFAULT_BACKLOG } = settings
  checkWriteBuffer(settings)
  const registry = new CallbackRegistry<ServerEvents<Connection>>(SERVER_EVENTS)
  const connections = new ConnectionSet(transport, checkStreamHandler(handler), settings, registry)
  const server: StreamServer<Target, Addr> = createServer(
    {
      noun: 'connection',
      transport,
      secure,
      shutdownTimeout: settings.shutdownTimeout,
      connections,
      describeForced: ({ idle, drained, forced }) =>
        `Shutdown destroyed ${forced} of ${idle + drained + forced} connections before they had finished. ` +
        'Raise the timeout, or let handlers return when channel.signal aborts',
      parse: (target: Target) => binding.parse(target),
      open(endpoint: Endpoint, signal: AbortSignal) {
        keepFreedMemory()
        return AcceptQueue.open((sink) => binding.open(endpoint, sink, signal), connections, backlog)
      },
    },
    registry,
  )
  return server as StreamServer<Target, Addr, C>
}

import type { Address } from '../address/address.js'
import { CallbackRegistry } from '../server/callback-registry.js'
import type { DatagramChannel, Transport } from '../channel/channel.js'
import { createDeferred, RESOLVED, type Deferred } from '../async/deferred.js'
import type { Shutdown } from '../server/shutdown.js'
import type { SockError } from '../errors/errors.js'
import { configureSocket, discardOnThrow } from '../channel/dial.js'
import { checkDatagramHandler, type DatagramHandler } from '../channel/handler.js'
import { keepFreedMemory } from '../server/keep-memory.js'
import { createServer, SERVER_EVENTS } from '../server/implementation.js'
import type { GracefulListener, ServerConnections } from '../server/parts.js'
import type {
  CloseReason,
  ConnectionEvent,
  DatagramServerStats,
  Server,
  ServerEvents,
} from '../server/server.js'
import { Unobserved } from '../server/unobserved.js'
import type { DatagramPort } from './port.js'
import type { DatagramHandlerForms } from './handler-runner.js'
import type { DatagramHost } from './host.js'
import { DatagramSocket } from './socket.js'
import { addStats, NO_STATS } from './stats.js'

/** A server of a datagram transport. */
export interface DatagramServer<
  Target = string,
  Addr extends Address = Address,
  C extends DatagramChannel = DatagramChannel,
> extends Server<Target, Addr, DatagramServerStats, C> {}

/** What a transport supplies: how to check targets and open sockets. */
export interface DatagramBinding<Target, Endpoint, Port extends DatagramPort = DatagramPort> {
  /** The name of the transport. */
  readonly transport: Transport
  /** Checks a target. @throws SockError `ERR_SOCK_INVALID_ADDRESS` and similar codes */
  parse(target: Target): Endpoint
  /**
   * Binds a socket. If it rejects, with the system's error or the signal's reason, it leaves nothing open. If binding
   * takes no time, it may ignore the signal.
   */
  open(endpoint: Endpoint, signal: AbortSignal): Promise<Port>
  /**
   * Returns what differs from the requested options although the socket works. Each becomes an `error` event of the
   * server.
   */
  warnings?(port: Port): readonly Error[]
}

/** The options of a datagram server that core implements, all set. */
export interface DatagramServerSettings {
  /** See `shutdownTimeout` of `DatagramServerOptions`. */
  readonly shutdownTimeout: number
  /** See `maxQueuedBytes` of `DatagramOptions`. */
  readonly maxQueuedBytes: number
  /** See `configure` of `DatagramOptions`. If it throws, `listen` rejects with that error. */
  readonly configure: ((socket: never) => void) | undefined
}

/**
 * Returns a server of a datagram transport.
 *
 * @throws TypeError if the handler is neither a function nor an object of callbacks
 */
export function createDatagramServer<
  Target,
  Addr extends Address,
  Endpoint,
  C extends DatagramChannel = DatagramChannel<unknown, Addr | undefined>,
  Port extends DatagramPort = DatagramPort,
>(
  binding: DatagramBinding<Target, Endpoint, Port>,
  handler: DatagramHandler<C>,
  settings: DatagramServerSettings,
): DatagramServer<Target, Addr, C> {
  const { transport } = binding
  const registry = new CallbackRegistry<ServerEvents<DatagramChannel>>(SERVER_EVENTS)
  const connections = new DatagramSockets(transport, checkDatagramHandler(handler), settings, registry)
  const server: DatagramServer<Target, Addr> = createServer(
    {
      noun: 'socket',
      transport,
      secure: false,
      shutdownTimeout: settings.shutdownTimeout,
      connections,
      describeForced: () =>
        'Shutdown closed the socket before its handler had returned, or before all datagrams were sent. ' +
        'Raise the timeout, or let the handler return when channel.signal aborts',
      parse: (target: Target) => binding.parse(target),
      open: async (endpoint: Endpoint, signal: AbortSignal) => {
        keepFreedMemory()
        const port = await binding.open(endpoint, signal)
        return connections.serve(port, () => binding.warnings?.(port) ?? []) as GracefulListener<Addr>
      },
    },
    registry,
  )
  return server as DatagramServer<Target, Addr, C>
}

/** The only socket of a datagram server, and the counters of its earlier ones. */
class DatagramSockets implements DatagramHost, ServerConnections<DatagramServerStats, DatagramChannel> {
  readonly transport: Transport
  readonly maxQueuedBytes: number
  observed = false
  readonly #handler: DatagramHandlerForms
  readonly #settings: DatagramServerSettings
  readonly #registry: CallbackRegistry<ServerEvents<DatagramChannel>>
  readonly #unobserved: Unobserved
  #socket: DatagramSocket | undefined
  #former = NO_STATS
  #handlerErrors = 0
  #shutdown: Shutdown | undefined
  #wasIdle = false
  #whenClosed = createDeferred()
  #whenEmpty: Deferred<void> | undefined

  constructor(
    transport: Transport,
    handler: DatagramHandlerForms,
    settings: DatagramServerSettings,
    registry: CallbackRegistry<ServerEvents<DatagramChannel>>,
  ) {
    this.transport = transport
    this.maxQueuedBytes = settings.maxQueuedBytes
    this.#handler = handler
    this.#settings = settings
    this.#registry = registry
    this.#unobserved = new Unobserved(transport)
  }

  /** Serves a newly bound socket. */
  serve(port: DatagramPort, warningsOf: () => readonly Error[]): GracefulListener {
    const discard = (): void => port.close()
    const warnings = discardOnThrow(warningsOf, discard)
    const configuring = configureSocket(this.#settings.configure, port, discard)
    const socket = new DatagramSocket(port, this, this.#handler)
    const closed = (this.#whenClosed = createDeferred())
    this.#socket = socket
    socket.start()
    if (configuring !== undefined) socket.trackPromise(configuring)
    for (const warning of warnings) queueMicrotask(() => this.failed(socket.channel, warning))
    return {
      address: port.localAddress,
      closeGracefully() {
        socket.closeGracefully()
        return RESOLVED
      },
      close() {
        // A running handler ends with destroyAll(), or has ended already.
        if (!socket.isClosed) port.close()
        return closed.promise
      },
      ref: port.ref?.bind(port),
      unref: port.unref?.bind(port),
    }
  }

  // Called by the server.

  get openCount(): number {
    return this.#socket === undefined || this.#socket.isClosed ? 0 : 1
  }

  open(): DatagramChannel[] {
    return this.#socket === undefined || this.#socket.isClosed ? [] : [this.#socket.channel]
  }

  stats(): DatagramServerStats {
    const stats = this.#socket === undefined ? this.#former : addStats(this.#former, this.#socket.stats())
    return { ...stats, handlerErrors: this.#handlerErrors }
  }

  beginShutdown(shutdown: Shutdown): void {
    this.#shutdown = shutdown
    this.#wasIdle = this.#socket?.isIdle === true
  }

  endShutdown(): void {
    this.#shutdown = undefined
  }

  stop(reason: SockError): void {
    this.#socket?.stop(reason)
  }

  destroyAll(reason: CloseReason, error: SockError): number {
    const socket = this.#socket
    if (socket === undefined) return 0
    // An idle socket has nothing to lose.
    const count = socket.isIdle ? 0 : 1
    if (socket.isClosed) this.#forget()
    else socket.abort(reason, error)
    return count
  }

  whenEmpty(): Promise<void> {
    if (this.#socket === undefined) return RESOLVED
    this.#whenEmpty ??= createDeferred()
    return this.#whenEmpty.promise
  }

  // Called by the socket.

  observe(event: ConnectionEvent): void {
    this.#registry.emit('connection', event)
  }

  handlerFailed(channel: DatagramChannel, error: Error): void {
    this.#handlerErrors += 1
    if (this.#registry.has('error')) this.#registry.emit('error', error, channel)
    else this.#unobserved.handlerFailed(error)
  }

  failed(channel: DatagramChannel, error: Error): void {
    this.#registry.emit('error', error, channel)
  }

  closed(): void {
    this.#whenClosed.resolve()
    if (this.#shutdown?.isForced === true) this.#forget()
  }

  settled(channel: DatagramChannel): void {
    if (this.#socket?.channel !== channel) return
    if (this.#wasIdle) this.#shutdown?.endedIdle(channel)
    this.#shutdown?.settled(channel)
    this.#forget()
  }

  #forget(): void {
    if (this.#socket === undefined) return
    this.#former = addStats(this.#former, this.#socket.stats())
    this.#socket = undefined
    this.#whenEmpty?.resolve()
    this.#whenEmpty = undefined
  }
}

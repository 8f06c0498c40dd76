import type { Address } from '../address.js'
import { CallbackRegistry, type Unsubscribe } from '../callbacks.js'
import { createDeferred, ignore, type Deferred } from '../deferred.js'
import { SockError } from '../errors.js'
import { checkStreamHandler, type StreamHandler } from '../handler.js'
import { transition } from '../lifecycle.js'
import { abortSignal, checkOptions, milliseconds, type Checks } from '../options.js'
import type {
  ListenOptions,
  Server,
  ServerEvents,
  ServerState,
  ServerStats,
  ShutdownOptions,
  ShutdownReport,
} from '../server.js'
import { ConnectionSet } from './connection-set.js'
import { Drain } from './drain.js'
import type { StreamListener, StreamListenerSink } from './port.js'

/** What a transport is to the machinery. */
export interface StreamBinding<Target, Addr extends Address, Endpoint> {
  readonly transport: 'tcp' | 'unix'
  readonly secure: boolean
  /** Checks a target. @throws SockError `ERR_SOCK_INVALID_ADDRESS` and the like */
  parse(target: Target): Endpoint
  /** Opens a listener. Rejects with the system's error, and leaves nothing then. */
  open(endpoint: Endpoint, sink: StreamListenerSink): Promise<StreamListener<Addr>>
}

/** The options of the machinery, all of them given. */
export interface StreamServerSettings {
  readonly shutdownTimeout: number
  readonly maxConnections: number
  readonly idleTimeout: number
  readonly highWaterMark: number
  readonly drainIdle: number
  /** ms; for bindings that shake hands. */
  readonly handshakeTimeout?: number
  readonly configure: ((socket: never) => void) | undefined
}

/**
 * Makes the server of a stream transport.
 *
 * @throws TypeError if the handler has neither of its two forms
 */
export function createStreamServer<Target, Addr extends Address, Endpoint>(
  binding: StreamBinding<Target, Addr, Endpoint>,
  handler: StreamHandler,
  settings: StreamServerSettings,
): Server<Target, Addr> {
  return new StreamServer(binding, handler, settings)
}

const listenChecks = { signal: abortSignal } satisfies Checks<ListenOptions>
const shutdownChecks = {
  timeout: milliseconds(undefined),
  signal: abortSignal,
} satisfies Checks<ShutdownOptions>

/** A start under way, which `close()` and `shutdown()` can stop. */
interface Start {
  stopped: boolean
  readonly settled: Deferred<void>
}

/** Nothing was running. */
const NOTHING_TO_DO: ShutdownReport = Object.freeze({ idle: 0, drained: 0, forced: 0 })

async function stopStart(start: Start): Promise<void> {
  start.stopped = true
  await start.settled.promise
}

/** The life of a server: one state, and what leads from each to the next. */
class StreamServer<Target, Addr extends Address, Endpoint> implements Server<Target, Addr> {
  readonly #binding: StreamBinding<Target, Addr, Endpoint>
  readonly #shutdownTimeout: number
  readonly #registry = new CallbackRegistry<ServerEvents>(['error', 'connection', 'state'])
  readonly #connections: ConnectionSet
  #state: ServerState = 'idle'
  #start: Start | undefined
  #listener: StreamListener<Addr> | undefined
  #drain: Drain | undefined
  #closed = createDeferred()
  #ignoreSignal = ignore

  constructor(
    binding: StreamBinding<Target, Addr, Endpoint>,
    handler: StreamHandler,
    settings: StreamServerSettings,
  ) {
    this.#binding = binding
    this.#shutdownTimeout = settings.shutdownTimeout
    const checked = checkStreamHandler(handler)
    this.#connections = new ConnectionSet(binding.transport, checked, settings, this.#registry)
  }

  get transport(): 'tcp' | 'unix' {
    return this.#binding.transport
  }
  get secure(): boolean {
    return this.#binding.secure
  }
  get state(): ServerState {
    return this.#state
  }
  get address(): Addr | undefined {
    return this.#listener?.address
  }
  get openConnections(): number {
    return this.#connections.openCount
  }
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  on<K extends keyof ServerEvents>(event: K, callback: (...args: ServerEvents[K]) => void): Unsubscribe {
    const unsubscribe = this.#registry.on(event, callback)
    const look = (): void => void (this.#connections.observed = this.#registry.has('connection'))
    look()
    return () => {
      unsubscribe()
      look()
    }
  }

  stats(): ServerStats {
    return this.#connections.stats()
  }

  async listen(target: Target, options?: ListenOptions): Promise<Addr> {
    const { signal } = checkOptions('listen options', options, listenChecks)
    if (this.#state !== 'idle' && this.#state !== 'closed') {
      throw new SockError('ERR_SOCK_INVALID_STATE', `Cannot listen: server is ${this.#state}`)
    }
    const endpoint = this.#binding.parse(target)
    signal?.throwIfAborted()

    if (this.#state === 'closed') this.#closed = createDeferred()
    const start: Start = { stopped: false, settled: createDeferred() }
    this.#start = start
    this.#go('starting', `Starting ${this.transport}`)
    try {
      this.#listener = await this.#open(endpoint, start, signal)
      this.#endStart(start)
    } catch (error) {
      this.#endStart(start)
      this.#go('idle', `Cannot listen on ${this.transport}: ${(error as Error).message}`)
      throw error
    }
    const { address } = this.#listener
    this.#go('listening', `Listening on ${this.transport} ${address}${this.secure ? ' with TLS' : ''}`)
    this.#shutdownOnAbort(signal)
    return address
  }

  shutdown(options?: ShutdownOptions): Promise<ShutdownReport> {
    const result = this.#shutdown(options)
    // Perhaps nobody waits, as in a signal handler. What had to be forced is in the message of the state `closed` too.
    result.catch(ignore)
    return result
  }

  async close(): Promise<void> {
    if (this.#start !== undefined) await stopStart(this.#start)
    if (this.#state === 'listening') this.#startDraining('closed')
    else this.#drain?.force('closed')
    if (this.#drain !== undefined) await this.#closed.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }

  /** Opens the listener; a stop or an abort that came in the meantime closes it again. */
  async #open(
    endpoint: Endpoint,
    start: Start,
    signal: AbortSignal | undefined,
  ): Promise<StreamListener<Addr>> {
    const listener = await this.#binding.open(endpoint, this.#connections)
    if (!start.stopped && signal?.aborted !== true) return listener
    const closing = listener.close()
    this.#connections.destroyAll('closed', new SockError('ERR_SOCK_CLOSED', 'Server was closed'))
    await closing
    signal?.throwIfAborted()
    throw new SockError('ERR_SOCK_CLOSED', 'Cannot listen: server was closed while it started')
  }

  /** Before observers hear how it ended, since they may listen again. */
  #endStart(start: Start): void {
    this.#start = undefined
    start.settled.resolve()
  }

  #shutdownOnAbort(signal: AbortSignal | undefined): void {
    // An observer of the new state may have closed the server already.
    if (signal === undefined || this.#state !== 'listening') return
    const abort = (): void => {
      // Nobody else waits for this result.
      this.#shutdown().catch((error: Error) => this.#registry.emit('error', error))
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#ignoreSignal = () => signal.removeEventListener('abort', abort)
  }

  async #shutdown(options?: ShutdownOptions): Promise<ShutdownReport> {
    const { timeout, signal } = checkOptions('shutdown options', options, shutdownChecks)
    if (this.#start !== undefined) await stopStart(this.#start)
    if (this.#state === 'listening') this.#startDraining()
    const drain = this.#drain
    if (drain === undefined) return NOTHING_TO_DO
    drain.limit(timeout ?? this.#shutdownTimeout, signal)
    return drain.result
  }

  #startDraining(force?: 'closed'): void {
    const listener = this.#listener as StreamListener<Addr>
    const drain = new Drain((by) => {
      void listener.close()
      const error =
        by === 'closed'
          ? new SockError('ERR_SOCK_CLOSED', 'Server was closed')
          : new SockError('ERR_SOCK_DRAINING', 'Connection did not finish before the shutdown deadline')
      return this.#connections.destroyAll(by, error)
    })
    this.#drain = drain
    this.#connections.startDraining(drain)
    const count = this.#connections.openCount
    this.#go('draining', `Draining ${this.transport} ${listener.address}: ${count} open`)
    if (force !== undefined) drain.force(force)
    void this.#finishDraining(drain, listener)
  }

  async #finishDraining(drain: Drain, listener: StreamListener<Addr>): Promise<void> {
    const connections = this.#connections
    if (!drain.isForced) {
      const reason = new SockError('ERR_SOCK_DRAINING', 'Server is draining')
      connections.stop(reason)
      await listener.drain()
      // Those that came in the meantime were to be served like any other; from now on they are asked to stop too.
      connections.stop(reason)
    }
    await connections.whenEmpty()
    await listener.close()
    connections.stopDraining()
    this.#ignoreSignal()
    this.#ignoreSignal = ignore
    this.#listener = undefined
    this.#drain = undefined
    // Observers of the end may listen again, and that is another run.
    const closed = this.#closed
    const { idle, drained, forced } = drain.complete()
    this.#go('closed', `Closed ${this.transport}: ${idle} idle, ${drained} drained, ${forced} forced`)
    drain.settle()
    closed.resolve()
  }

  #go(state: ServerState, message: string): void {
    this.#state = transition(this.#state, state)
    this.#registry.emit('state', state, message)
  }
}

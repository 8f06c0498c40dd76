import { inspect } from 'node:util'
import type { Address } from '../address/address.js'
import type { CallbackRegistry, Unsubscribe } from './callback-registry.js'
import type { Channel, Transport } from '../channel/channel.js'
import { createDeferred, ignore, type Deferred } from '../async/deferred.js'
import { Shutdown } from './shutdown.js'
import { messageOf } from '../errors/as-error.js'
import { atCaller, Caller, type PublicFunction } from '../errors/caller.js'
import { SockError } from '../errors/errors.js'
import { transition } from './lifecycle.js'
import type { GracefulListener, ServerParts } from './parts.js'
import { checkOptions, shown, unexpectedArgument, wrongValue, type Checks } from '../options/check.js'
import { abortSignal, milliseconds } from '../options/values.js'
import type {
  ListenOptions,
  Server,
  ServerEvents,
  ServerListener,
  ServerState,
  ShutdownOptions,
  ShutdownReport,
} from './server.js'

export const SERVER_EVENTS = ['error', 'connection', 'state'] as const

/** Creates a server from its parts. Observers of its members subscribe through `registry`. */
export function createServer<Target, Addr extends Address, Endpoint, Stats, C extends Channel>(
  parts: ServerParts<Target, Addr, Endpoint, Stats, C>,
  registry: CallbackRegistry<ServerEvents<C>>,
): Server<Target, Addr, Stats, C> {
  return new ServerImplementation(parts, registry)
}

const listenChecks = { signal: abortSignal } satisfies Checks<ListenOptions>
const shutdownChecks = {
  timeout: milliseconds(undefined),
  signal: abortSignal,
} satisfies Checks<ShutdownOptions>

/** A start in progress, which `close()`, `shutdown()` and the signal of `listen()` can stop. */
interface Start {
  readonly abort: AbortController
  readonly settled: Deferred<void>
}

/** The report of a shutdown when the server was not running. */
const NOTHING_TO_DO: ShutdownReport = Object.freeze({ idle: 0, drained: 0, forced: 0 })

async function stopStart(start: Start): Promise<void> {
  start.abort.abort(
    new SockError('ERR_SOCK_CLOSED', 'Cannot listen: the server was closed while it was starting'),
  )
  await start.settled.promise
}

/** Returns the message of the state event after a failed start. Most errors already begin with "Cannot listen". */
function failedStart(transport: Transport, error: unknown): string {
  const message = messageOf(error)
  return message.startsWith('Cannot listen') ? message : `Cannot listen on ${transport}: ${message}`
}

/** The life cycle of a server: one state, and the operations that move from one state to the next. */
class ServerImplementation<
  Target,
  Addr extends Address,
  Endpoint,
  Stats,
  C extends Channel,
> implements Server<Target, Addr, Stats, C> {
  readonly #parts: ServerParts<Target, Addr, Endpoint, Stats, C>
  readonly #registry: CallbackRegistry<ServerEvents<C>>
  #state: ServerState = 'idle'
  #start: Start | undefined
  #listener: GracefulListener<Addr> | undefined
  #shutdown: Shutdown | undefined
  #closed = createDeferred()
  #ignoreSignal = ignore
  #isReferenced = true

  constructor(
    parts: ServerParts<Target, Addr, Endpoint, Stats, C>,
    registry: CallbackRegistry<ServerEvents<C>>,
  ) {
    this.#parts = parts
    this.#registry = registry
    registry.changed = () => void (parts.connections.observed = registry.has('connection'))
  }

  get transport(): Transport {
    return this.#parts.transport
  }
  get secure(): boolean {
    return this.#parts.secure
  }
  get state(): ServerState {
    return this.#state
  }
  get address(): Addr | undefined {
    return this.#listener?.address
  }
  get openConnections(): number {
    return this.#parts.connections.openCount
  }
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  *connections(): IterableIterator<C> {
    yield* this.#parts.connections.open()
  }

  on<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): Unsubscribe {
    return this.#registry.on(event, callback)
  }

  once<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): Unsubscribe {
    return this.#registry.once(event, callback)
  }

  off<E extends keyof ServerEvents>(event: E, callback: ServerListener<E, C>): void {
    this.#registry.off(event, callback)
  }

  ref(): this {
    this.#isReferenced = true
    this.#listener?.ref?.()
    return this
  }

  unref(): this {
    if (this.#listener !== undefined) this.#unreference(this.#listener)
    this.#isReferenced = false
    return this
  }

  stats(): Stats {
    return this.#parts.connections.stats()
  }

  async listen(target: Target, options?: ListenOptions): Promise<Addr> {
    // oxlint-disable-next-line typescript/unbound-method -- it is not called
    const entry: PublicFunction = this.listen
    const caller = new Caller(entry, { action: 'listen', transport: this.transport, target })
    const { endpoint, signal } = atCaller(entry, () => this.#checkListen(target, options))
    signal?.throwIfAborted()

    if (this.#state === 'closed') this.#closed = createDeferred()
    const start: Start = { abort: new AbortController(), settled: createDeferred() }
    const abort = (): void => start.abort.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    this.#start = start
    this.#go('starting', `Starting ${this.transport}${this.#secured}`)
    try {
      this.#listener = await this.#open(endpoint, start.abort.signal)
      this.#endStart(start)
    } catch (error) {
      this.#endStart(start)
      const failure = caller.failure(error, signal)
      this.#go('idle', failedStart(this.transport, failure))
      throw failure
    } finally {
      signal?.removeEventListener('abort', abort)
    }
    const { address } = this.#listener
    this.#go('listening', `Listening on ${this.transport} ${address}${this.#secured}`)
    this.#shutdownOnAbort(signal)
    return address
  }

  shutdown(options?: ShutdownOptions): Promise<ShutdownReport> {
    const result = this.#shutDown(options)
    // The caller may not await, as in a signal handler. The message of the state `closed` reports destroyed
    // connections too.
    result.catch(ignore)
    return result
  }

  async close(unexpected?: unknown): Promise<void> {
    if (unexpected !== undefined) throw unexpectedArgument('close()', unexpected)
    if (this.#start !== undefined) await stopStart(this.#start)
    if (this.#state === 'listening') this.#beginShutdown('closed')
    else this.#shutdown?.force('closed')
    if (this.#shutdown !== undefined) await this.#closed.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }

  #checkListen(target: Target, options: ListenOptions | undefined) {
    if (typeof options === 'string' || typeof options === 'function') throw notOptions(target, options)
    const { signal } = checkOptions('listen options', options, listenChecks)
    if (this.#state !== 'idle' && this.#state !== 'closed') {
      throw new SockError(
        'ERR_SOCK_INVALID_STATE',
        `Cannot listen: the server is ${this.#state}. Call close() and await it before you listen again`,
      )
    }
    return { signal, endpoint: this.#parts.parse(target) }
  }

  /** Opens the listener; closes it again if a stop or an abort came in the meantime. */
  async #open(endpoint: Endpoint, signal: AbortSignal): Promise<GracefulListener<Addr>> {
    signal.throwIfAborted()
    const listener = await this.#parts.open(endpoint, signal)
    try {
      signal.throwIfAborted()
      if (!this.#isReferenced) this.#unreference(listener)
      return listener
    } catch (error) {
      const closing = listener.close()
      this.#parts.connections.destroyAll('closed', new SockError('ERR_SOCK_CLOSED', 'Server was closed'))
      await closing
      throw error
    }
  }

  #unreference(listener: GracefulListener<Addr>): void {
    if (listener.unref !== undefined) {
      listener.unref()
      return
    }
    throw new SockError(
      'ERR_SOCK_UNSUPPORTED',
      `Cannot unref a ${this.transport} server: its engine keeps the process alive while it listens. Use another engine`,
    )
  }

  /** Ends the start before observers learn its outcome, since they may call `listen()` again. */
  #endStart(start: Start): void {
    this.#start = undefined
    start.settled.resolve()
  }

  #shutdownOnAbort(signal: AbortSignal | undefined): void {
    // An observer of the new state may have closed the server already.
    if (signal === undefined || this.#state !== 'listening') return
    const abort = (): void => {
      // No caller awaits this result.
      this.#shutDown().catch((error: Error) => this.#registry.emit('error', error))
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#ignoreSignal = () => signal.removeEventListener('abort', abort)
  }

  async #shutDown(options?: ShutdownOptions): Promise<ShutdownReport> {
    const { timeout, signal } = checkOptions('shutdown options', options, shutdownChecks)
    if (this.#start !== undefined) await stopStart(this.#start)
    if (this.#state === 'listening') this.#beginShutdown()
    const shutdown = this.#shutdown
    if (shutdown === undefined) return NOTHING_TO_DO
    shutdown.addDeadline(timeout ?? this.#parts.shutdownTimeout, signal)
    return shutdown.result
  }

  #beginShutdown(force?: 'closed'): void {
    const listener = this.#listener as GracefulListener<Addr>
    const shutdown = new Shutdown(this.#parts.describeForced, (by) => {
      void listener.close()
      const error =
        by === 'closed'
          ? new SockError('ERR_SOCK_CLOSED', 'Server was closed')
          : new SockError('ERR_SOCK_DRAINING', 'Connection did not finish before the shutdown deadline')
      return this.#parts.connections.destroyAll(by, error)
    })
    this.#shutdown = shutdown
    this.#parts.connections.beginShutdown(shutdown)
    const { openCount } = this.#parts.connections
    const open = `${openCount} open ${this.#parts.noun}${openCount === 1 ? '' : 's'}`
    this.#go('draining', `Draining ${this.transport} ${listener.address}${this.#secured}: ${open}`)
    if (force !== undefined) shutdown.force(force)
    void this.#completeShutdown(shutdown, listener)
  }

  async #completeShutdown(shutdown: Shutdown, listener: GracefulListener<Addr>): Promise<void> {
    const { connections } = this.#parts
    if (!shutdown.isForced) {
      const reason = new SockError('ERR_SOCK_DRAINING', 'Server is draining')
      connections.stop(reason)
      await listener.closeGracefully()
      // Connections accepted in the meantime were served as usual; now they are told to stop too.
      connections.stop(reason)
    }
    await connections.whenEmpty()
    await listener.close()
    connections.endShutdown()
    this.#ignoreSignal()
    this.#ignoreSignal = ignore
    this.#listener = undefined
    this.#shutdown = undefined
    // An observer of `closed` may listen again, which begins another run with its own promise.
    const closed = this.#closed
    const { idle, drained, forced } = shutdown.complete()
    this.#go(
      'closed',
      `Closed ${this.transport}${this.#secured}: ${idle} idle, ${drained} drained, ${forced} forced`,
    )
    shutdown.settle()
    closed.resolve()
  }

  /** What follows the name of the transport in the messages. */
  get #secured(): string {
    return this.secure ? ' with TLS' : ''
  }

  #go(state: ServerState, message: string): void {
    this.#state = transition(this.#state, state)
    this.#registry.emit('state', state, message)
  }
}

/** Returns the error for a second argument of `listen()` as `net.Server` takes it: a host or a callback. */
function notOptions(target: unknown, given: unknown): TypeError {
  const advice =
    typeof given === 'function'
      ? 'listen() takes no callback. Await its promise'
      : `listen() takes one target, such as ${inspect(typeof target === 'number' ? `${given}:${target}` : 'host:port')}`
  return wrongValue(`Invalid argument ${shown(given)}: ${advice}`)
}

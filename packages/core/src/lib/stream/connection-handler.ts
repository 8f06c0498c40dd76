import { ignore, isThenable } from '../async/deferred.js'
import { asError } from '../errors/as-error.js'
import { isExpectedClose } from '../errors/expected-close.js'
import type { Connection } from '../channel/channel.js'
import type { StreamFunction } from '../channel/handler.js'
import { promiseOf, whenOver, type HandlerOwner } from '../channel/handler-result.js'
import type { CloseReason, ConnectionState } from '../server/server.js'
import type { ConnectionCallbacks } from './connection-callbacks.js'
import type { InputOwner } from './connection-input.js'
import type { ConnectionExtras } from './connection-extras.js'
import type { StreamPortSink } from './port.js'

/** A connection as its handler drives it: only the functions of this file change `pending`. */
export interface HandledConnection extends HandlerOwner, InputOwner, StreamPortSink {
  /** Number of pending promises of the handler. */
  pending: number
  reason: CloseReason | undefined
  error: Error | undefined
  readonly connection: Connection
  readonly port: { readonly socket: unknown; start(sink: StreamPortSink): void }
  readonly host: { handlerFailed(connection: Connection, error: Error): void }
  readonly callbacks: ConnectionCallbacks | undefined
  readonly isOpen: boolean
  makeExtras(): ConnectionExtras
  observe(state: ConnectionState): void
  /** Checks the deadlines from now on. */
  watchDeadlines(): void
  /** Flushes and closes. */
  finish(): void
  abort(reason: CloseReason, error: Error, how: 'reset'): void
  /** Drops the input that the handler has not seen. */
  abandon(error: Error): void
  /** Tells the host if the connection is closed and no promise of its handler is pending any more. */
  checkFinished(): void
}

/** Starts the port, and passes the connection to its handler: the function `run`, or the callbacks. */
export function startConnection(
  owner: HandledConnection,
  run?: StreamFunction,
  configure?: (socket: never) => void,
): void {
  owner.port.start(owner)
  owner.watchDeadlines()
  owner.observe('new')
  owner.observe('handler')
  // Runs even if an observer has closed the server: each accepted connection reaches its handler.
  try {
    const result: unknown = configure?.(owner.port.socket as never)
    if (isThenable(result)) trackPromise(owner, result, ignore)
  } catch (error) {
    owner.handlerFailed(error)
    return
  }
  if (run !== undefined) runFunction(owner, run)
  else owner.callbacks?.open()
}

function runFunction(owner: HandledConnection, handler: StreamFunction): void {
  const promise = promiseOf(owner, () => handler(owner.connection))
  if (promise === undefined) closeAfterReturn(owner)
  else trackPromise(owner, promise, closeAfterReturn)
}

/** Closes the connection after its handler function has returned. */
function closeAfterReturn(owner: HandledConnection): void {
  // A handler that closed the connection, or saw its end, does not expect to write any more.
  if (owner.isOpen && owner.input === 'open') owner.makeExtras().handlerReturned = true
  owner.finish()
}

/**
 * Tracks a promise of the handler function or a callback. If it rejects, the connection fails. `settled` is called in
 * any case.
 */
export function trackPromise<Owner extends HandledConnection>(
  owner: Owner,
  promise: PromiseLike<unknown>,
  settled: (owner: Owner) => void,
): void {
  owner.pending += 1
  whenOver(owner, promise, () => {
    owner.pending -= 1
    settled(owner)
    owner.checkFinished()
  })
}

/**
 * Handles a failure of the handler or a callback: reports it, unless it repeats a known error; then destroys the
 * connection.
 */
export function failConnection(owner: HandledConnection, error: unknown): void {
  const failure = asError(error)
  // An overflow has been reported already. An error that the handler itself passed to `destroy()` has not.
  const isReported = owner.reason === 'overflow' && failure === owner.error
  const isKnown = isReported || (owner.error !== undefined && isExpectedClose(failure))
  // Set before observers learn of it: whatever they do to the connection is not its first reason.
  owner.reason ??= 'error'
  owner.error ??= failure
  if (!isKnown) owner.host.handlerFailed(owner.connection, failure)
  owner.abort('error', failure, 'reset')
  // Even if the connection was closed before: a failed handler gets no more calls.
  owner.abandon(failure)
}

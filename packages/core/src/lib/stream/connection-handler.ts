import { ignore, isThenable } from '../async/deferred.js'
import { asError } from '../errors/as-error.js'
import { isExpectedClose } from '../errors/expected-close.js'
import type { Connection } from '../channel/channel.js'
import type { StreamFunction } from '../channel/handler.js'
import { promiseOf, whenOver, type HandlerOwner } from '../channel/handler-result.js'
import type { CloseReason, ConnectionState } from '../server/server.js'
import type { ConnectionCallbacks } from './connection-callbacks.js'
import { dropInput, type InputOwner } from './connection-input.js'
import type { ConnectionExtras } from './connection-extras.js'
import type { StreamPortSink } from './port.js'

/** A connection in the hands of its handler: only the functions of this file change `pending`. */
export interface HandledConnection extends HandlerOwner, InputOwner, StreamPortSink {
  /** Promises of the handler that have not settled. */
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
  /** Looks from now on whether deadlines pass. */
  watchDeadlines(): void
  /** Flushes and closes. */
  finish(): void
  abort(reason: CloseReason, error: Error, how: 'reset'): void
  /** A promise of the handler has settled. */
  worked(): void
}

/** Begins to deliver, and hands the connection to its handler: a function, if not callbacks. */
export function serve(
  owner: HandledConnection,
  run?: StreamFunction,
  configure?: (socket: never) => void,
): void {
  owner.port.start(owner)
  owner.watchDeadlines()
  owner.observe('new')
  owner.observe('handler')
  // Even if an observer has closed the server: each connection that was accepted has its handler.
  try {
    const result: unknown = configure?.(owner.port.socket as never)
    if (isThenable(result)) work(owner, result, ignore)
  } catch (error) {
    owner.fail(error)
    return
  }
  if (run !== undefined) runFunction(owner, run)
  else owner.callbacks?.open()
}

function runFunction(owner: HandledConnection, handler: StreamFunction): void {
  const promise = promiseOf(owner, () => handler(owner.connection))
  if (promise === undefined) leave(owner)
  else work(owner, promise, leave)
}

/** The handler function is over, and the connection with it. */
function leave(owner: HandledConnection): void {
  // Who has closed the connection, or seen its end, does not expect to write any more.
  if (owner.isOpen && owner.input === 'open') owner.makeExtras().isLeft = true
  owner.finish()
}

/** Something of the handler is under way: its function, or a promise of a callback. If it fails, the connection does. */
export function work<Owner extends HandledConnection>(
  owner: Owner,
  promise: PromiseLike<unknown>,
  done: (owner: Owner) => void,
): void {
  owner.pending += 1
  void whenOver(owner, promise, () => {
    owner.pending -= 1
    done(owner)
    owner.worked()
  })
}

/** Handler or callback failed: unless that only tells what is known already, report it; then destroy. */
export function fail(owner: HandledConnection, error: unknown): void {
  const failure = asError(error)
  // An overflow has been reported; what the handler itself gave to `destroy()` has not.
  const isReported = owner.reason === 'overflow' && failure === owner.error
  const isKnown = isReported || (owner.error !== undefined && isExpectedClose(failure))
  // Before observers hear of it: what they do about the connection is not the first reason any more.
  owner.reason ??= 'error'
  owner.error ??= failure
  if (!isKnown) owner.host.handlerFailed(owner.connection, failure)
  owner.abort('error', failure, 'reset')
  // Even if it was closed before: a handler that failed gets no more.
  dropInput(owner)
}

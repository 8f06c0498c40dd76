import { ignore, isThenable } from '../../async/deferred.js'
import { asError } from '../../errors/as-error.js'
import { isExpectedClose } from '../../errors/expected-close.js'
import type { StreamFunction } from '../../channel/handler.js'
import { promiseOf, followPromise } from '../../channel/handler-result.js'
import type { ConnectionRecord } from './record.js'

/** Starts the port, and passes the connection to its handler: the function `run`, or the callbacks. */
export function startConnection(
  record: ConnectionRecord,
  run?: StreamFunction,
  configure?: (socket: never) => void,
): void {
  record.port.start(record)
  record.watchDeadlines()
  record.observe('new')
  record.observe('handler')
  // Runs even if an observer has closed the server: each accepted connection reaches its handler.
  try {
    const result: unknown = configure?.(record.port.socket as never)
    if (isThenable(result)) trackPromise(record, result, ignore)
  } catch (error) {
    record.handlerFailed(error)
    return
  }
  if (run !== undefined) runFunction(record, run)
  else record.callbacks?.open()
}

function runFunction(record: ConnectionRecord, handler: StreamFunction): void {
  const promise = promiseOf(record, () => handler(record.connection))
  if (promise === undefined) closeAfterReturn(record)
  else trackPromise(record, promise, closeAfterReturn)
}

/** Closes the connection after its handler function has returned. */
function closeAfterReturn(record: ConnectionRecord): void {
  // A handler that closed the connection, or saw its end, does not expect to write any more.
  if (record.isOpen && record.input === 'open') record.ensureLazy().handlerReturned = true
  record.closeGracefully()
}

/**
 * Tracks a promise of the handler function or a callback. If it rejects, the connection fails. `settled` is called in
 * any case.
 */
export function trackPromise(
  record: ConnectionRecord,
  promise: PromiseLike<unknown>,
  settled: (record: ConnectionRecord) => void,
): void {
  record.pending += 1
  followPromise(record, promise, () => {
    record.pending -= 1
    settled(record)
    record.checkSettled()
  })
}

/**
 * Handles a failure of the handler or a callback: reports it, unless it repeats a known error; then destroys the
 * connection.
 */
export function failConnection(record: ConnectionRecord, error: unknown): void {
  const failure = asError(error)
  // An overflow has been reported already. An error that the handler itself passed to `destroy()` has not.
  const isReported = record.reason === 'overflow' && failure === record.error
  const isKnown = isReported || (record.error !== undefined && isExpectedClose(failure))
  // Set before observers learn of it: whatever they do to the connection is not its first reason.
  record.reason ??= 'error'
  record.error ??= failure
  if (!isKnown) record.host.handlerFailed(record.connection, failure)
  record.abort('error', failure, 'reset')
  // Even if the connection was closed before: a failed handler gets no more calls.
  record.abandon(failure)
}

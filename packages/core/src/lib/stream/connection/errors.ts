import { SockError } from '../../errors/errors.js'
import { withoutStack } from '../../errors/without-stack.js'

/**
 * Returns the error for an operation on a closed connection. `cause` is what broke the connection, if anything did.
 */
export function closedError(action: string, cause: Error | undefined): SockError {
  const details = cause === undefined ? {} : { cause }
  return new SockError('ERR_SOCK_CLOSED', `Cannot ${action}: the connection is closed`, details)
}

/** Returns the error for a write after the handler function has returned. */
export function returnedError(): SockError {
  const message =
    'Cannot write: the connection was closed when its handler returned. Return a promise that settles after the last write'
  return new SockError('ERR_SOCK_CLOSED', message)
}

/** Returns the error for a peer, or a path to it, that is gone. The event loop reports that, so there is no stack. */
export function resetError(cause?: Error): SockError {
  const details = cause === undefined ? {} : { cause }
  return withoutStack(() => new SockError('ERR_SOCK_RESET', 'Connection was reset or lost', details))
}

export function idleError(message: string): SockError {
  return new SockError('ERR_SOCK_IDLE_TIMEOUT', message)
}

/** Returns the error for a full write queue. @param limit the option and its value */
export function overflowError(waiting: number, limit: string): SockError {
  const message = `Peer reads too slowly: ${waiting} bytes are queued, and ${limit}. Await write() before you write more`
  return new SockError('ERR_SOCK_BACKPRESSURE', message)
}

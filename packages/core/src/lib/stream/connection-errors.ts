import { SockError } from '../errors/errors.js'

/** What an operation rejects with that comes too late. `cause` is what broke the connection, if anything did. */
export function closedError(action: string, cause: Error | undefined): SockError {
  const details = cause === undefined ? {} : { cause }
  return new SockError('ERR_SOCK_CLOSED', `Cannot ${action}: connection is closed`, details)
}

/** What a write rejects with after the handler function has returned. */
export function returnedError(): SockError {
  const message =
    'Cannot write: the connection was closed when its handler returned; return a promise that settles after the last write'
  return new SockError('ERR_SOCK_CLOSED', message)
}

/** The peer, or the way to it, is gone. */
export function resetError(cause?: Error): SockError {
  return new SockError('ERR_SOCK_RESET', 'Connection was reset or lost', cause === undefined ? {} : { cause })
}

export function idleError(message: string): SockError {
  return new SockError('ERR_SOCK_IDLE_TIMEOUT', message)
}

/** @param limit says which, and how much it is */
export function overflowError(waiting: number, limit: string): SockError {
  const message = `Peer takes too little: ${waiting} bytes waited, and ${limit}`
  return new SockError('ERR_SOCK_BACKPRESSURE', message)
}

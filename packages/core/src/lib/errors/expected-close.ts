import { propertyOf } from './as-error.js'
import { isSockError, type SockErrorCode } from './errors.js'

/** System errors that mean that the peer, or the path to it, is gone (errno(3)). */
const PEER_GONE: ReadonlySet<unknown> = new Set([
  'ECONNABORTED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOTCONN',
  'EPIPE',
  'ETIMEDOUT',
  // Node's own codes for streams that were cut short.
  'ECANCELED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** Our own codes for a connection that was ended on purpose. */
const ENDED: ReadonlySet<SockErrorCode> = new Set([
  'ERR_SOCK_CLOSED',
  'ERR_SOCK_DRAINING',
  'ERR_SOCK_FIRST_BYTE_TIMEOUT',
  'ERR_SOCK_IDLE_TIMEOUT',
  'ERR_SOCK_LIFETIME',
  'ERR_SOCK_RESET',
] as const)

/** How many causes are followed, so that a circular chain ends. */
const MAX_CAUSE_DEPTH = 8

/**
 * Returns whether `error` only says that a connection has ended: the peer disconnected, or the connection was closed,
 * idle, silent or open for too long, or drained. Handlers use it to tell an ordinary end from a failure. Causes are
 * examined too.
 *
 * @example
 * try { await connection.write(data) } catch (error) { if (!isExpectedClose(error)) throw error }
 */
export function isExpectedClose(error: unknown): boolean {
  let current = error
  for (let depth = 0; depth < MAX_CAUSE_DEPTH && typeof current === 'object' && current !== null; depth++) {
    if (isSockError(current) ? ENDED.has(current.code) : isPeerGone(current)) return true
    current = propertyOf(current, 'cause')
  }
  return false
}

/** Whether a system error means that the peer is gone. */
export function isPeerGone(error: object): boolean {
  return PEER_GONE.has(propertyOf(error, 'code'))
}

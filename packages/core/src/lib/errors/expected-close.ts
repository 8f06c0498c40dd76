import { isSockError, type SockErrorCode } from './errors.js'

/** What the system says when a peer, or the way to it, is simply gone (errno(3)). */
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
  // Node's own words for the same, from streams that were cut short.
  'ECANCELED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** Our own words for a connection that ended because it was time to. */
const ENDED: ReadonlySet<SockErrorCode> = new Set([
  'ERR_SOCK_CLOSED',
  'ERR_SOCK_DRAINING',
  'ERR_SOCK_FIRST_BYTE_TIMEOUT',
  'ERR_SOCK_IDLE_TIMEOUT',
  'ERR_SOCK_LIFETIME',
  'ERR_SOCK_RESET',
] as const)

/** Causes are followed this deep, so that a circular chain ends. */
const MAX_CAUSE_DEPTH = 8

/**
 * Whether `error` only says that a connection came to its end: the peer went away, the connection was closed, idle,
 * silent or open for too long, or drained. Handlers use it to tell the ordinary from the failure; causes are looked at too.
 *
 * @example
 * try { await connection.write(data) } catch (error) { if (!isExpectedClose(error)) throw error }
 */
export function isExpectedClose(error: unknown): boolean {
  let current = error
  for (let depth = 0; depth < MAX_CAUSE_DEPTH && typeof current === 'object' && current !== null; depth++) {
    if (isSockError(current) ? ENDED.has(current.code) : isPeerGone(current)) return true
    current = (current as { cause?: unknown }).cause
  }
  return false
}

/** Whether a system error says that the peer is gone. */
export function isPeerGone(error: object): boolean {
  return PEER_GONE.has((error as { code?: unknown }).code)
}

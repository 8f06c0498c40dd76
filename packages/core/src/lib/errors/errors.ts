import type { Address } from '../address/address.js'
import type { ShutdownReport } from '../server/server.js'

/** Every code of a {@link SockError}. System errors keep the code that the system gave them. */
export type SockErrorCode =
  | 'ERR_SOCK_BACKPRESSURE'
  | 'ERR_SOCK_BUFFER_SIZE'
  | 'ERR_SOCK_CLOSED'
  | 'ERR_SOCK_CONNECTION_LIMIT'
  | 'ERR_SOCK_DESCRIPTOR_LIMIT'
  | 'ERR_SOCK_DRAINING'
  | 'ERR_SOCK_FIRST_BYTE_TIMEOUT'
  | 'ERR_SOCK_FRAME_INCOMPLETE'
  | 'ERR_SOCK_FRAME_MALFORMED'
  | 'ERR_SOCK_FRAME_TOO_LARGE'
  | 'ERR_SOCK_HANDSHAKE_FAILED'
  | 'ERR_SOCK_HANDSHAKE_LIMIT'
  | 'ERR_SOCK_HANDSHAKE_TIMEOUT'
  | 'ERR_SOCK_IDLE_TIMEOUT'
  | 'ERR_SOCK_INVALID_ADDRESS'
  | 'ERR_SOCK_INVALID_STATE'
  | 'ERR_SOCK_INVALID_TLS'
  | 'ERR_SOCK_LIFETIME'
  | 'ERR_SOCK_MESSAGE_TOO_LARGE'
  | 'ERR_SOCK_NATIVE_UNAVAILABLE'
  | 'ERR_SOCK_NO_PEER_ADDRESS'
  | 'ERR_SOCK_PATH_IN_USE'
  | 'ERR_SOCK_PATH_NOT_SOCKET'
  | 'ERR_SOCK_PATH_TOO_LONG'
  | 'ERR_SOCK_READ_TIMEOUT'
  | 'ERR_SOCK_RESET'
  | 'ERR_SOCK_SHUTDOWN_TIMEOUT'
  | 'ERR_SOCK_UNSUPPORTED'

/** What a {@link SockError} may carry besides code and message. Everything is optional. */
export interface SockErrorDetails {
  /** The underlying error, usually a system error with its own `code`. */
  cause?: unknown
  /** The peer that was refused, or whose accept or handshake failed. */
  remoteAddress?: Address | undefined
  /** The result of a shutdown that had to destroy connections. */
  report?: ShutdownReport
  /** The bytes of an incomplete frame that had arrived. */
  partial?: Buffer
}

/** Set on errors of every copy of this package, so that {@link isSockError} works across copies. */
const BRAND = Symbol.for('@sock/core.SockError')

/** The only error class of `@sock/*`. Compare `code`, never the message. */
export class SockError extends Error {
  /** What went wrong, in a form for programs. */
  readonly code: SockErrorCode
  // Only declared, so that the property is missing without a value: a printed error shows everything it has.
  /** The peer that was refused, or whose accept or handshake failed; else `undefined`. */
  declare readonly remoteAddress: Address | undefined
  /** With `ERR_SOCK_SHUTDOWN_TIMEOUT`: how the shutdown went; else `undefined`. */
  declare readonly report: ShutdownReport | undefined
  /** With `ERR_SOCK_FRAME_INCOMPLETE`: the bytes of the frame that had arrived. Otherwise `undefined`. */
  declare readonly partial: Buffer | undefined

  /**
   * For authors of transports.
   *
   * @param message what was attempted and what is wrong with which value, then what to do; sentence case, no full
   * stop at the end
   */
  constructor(code: SockErrorCode, message: string, details: SockErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    if (details.remoteAddress !== undefined) this.remoteAddress = details.remoteAddress
    if (details.report !== undefined) this.report = details.report
    if (details.partial !== undefined) this.partial = details.partial
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'SockError', configurable: true, writable: true })
    Object.defineProperty(this.prototype, BRAND, { value: true })
  }
}

/**
 * Returns whether `error` is a {@link SockError} of this or of another copy of `@sock/core` in the process.
 *
 * @param code accepts only this code
 */
export function isSockError(error: unknown, code?: SockErrorCode): error is SockError {
  if (typeof error !== 'object' || error === null) return false
  try {
    return BRAND in error && (code === undefined || (error as { code?: unknown }).code === code)
  } catch {
    // A proxy, which throws.
    return false
  }
}

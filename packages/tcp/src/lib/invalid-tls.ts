import { SockError } from '@sock/core'

/** Runs what takes TLS options; whatever OpenSSL or Node's own checks have against them becomes `ERR_SOCK_INVALID_TLS`. */
export function invalidTls<T>(action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const message = `Cannot use the TLS options: ${(cause as Error).message}`
    throw new SockError('ERR_SOCK_INVALID_TLS', message, { cause })
  }
}

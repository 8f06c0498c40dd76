import { SockError } from '@sock/core'
import { wrongType } from '@sock/core/transport'
import type { SecureContextOptions, TlsOptions } from 'node:tls'

/** The default of `handshakeTimeout`, in ms. */
export const DEFAULT_HANDSHAKE_TIMEOUT = 10_000

/**
 * Runs an action that uses TLS options. Errors from OpenSSL or from Node's own checks become `ERR_SOCK_INVALID_TLS`.
 */
export function invalidTls<T>(action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const message = `Cannot use the TLS options: ${(cause as Error).message}`
    throw new SockError('ERR_SOCK_INVALID_TLS', message, { cause })
  }
}

/**
 * Refuses options that have no effect without TLS.
 *
 * @throws TypeError
 */
export function refuseTlsOptions<S extends object>(settings: S, names: readonly (keyof S & string)[]): void {
  for (const name of names) {
    if (settings[name] !== undefined) throw wrongType(name, 'no value without "tls"', settings[name])
  }
}

/**
 * Matches cipher lists with ciphers that need no certificate (ciphers(1) of OpenSSL); `!` or `-` before a name
 * excludes it.
 */
const ANONYMOUS = /(?<![!-])(aNULL|ADH|AECDH|ALL)/

/**
 * Checks that there is a certificate. Node accepts a server without one, but then no handshake succeeds.
 *
 * @param server the options of the server, if `options` replaces only its certificate
 * @throws SockError `ERR_SOCK_INVALID_TLS`
 */
export function checkCertificate(options: SecureContextOptions, server: TlsOptions = options): void {
  const { cert, key, pfx, privateKeyIdentifier, ciphers = server.ciphers } = options
  const isComplete = Boolean(pfx) || (Boolean(cert) && Boolean(key ?? privateKeyIdentifier))
  const isElsewhere = server.SNICallback !== undefined || server.pskCallback !== undefined
  if (isComplete || isElsewhere || (ciphers !== undefined && ANONYMOUS.test(ciphers))) return
  const missing = cert
    ? 'there is no "key" for the "cert". Pass both'
    : 'there is no certificate. Pass "cert" and "key", or "pfx"'
  throw new SockError('ERR_SOCK_INVALID_TLS', `Cannot use the TLS options: ${missing}`)
}

import { SockError } from '@sock/core'
import { wrongType } from '@sock/core/transport'
import type { SecureContextOptions, TlsOptions } from 'node:tls'

/** How long a handshake may take where nothing else is said, in ms. */
export const DEFAULT_HANDSHAKE_TIMEOUT = 10_000

/** Runs what takes TLS options; whatever OpenSSL or Node's own checks have against them becomes `ERR_SOCK_INVALID_TLS`. */
export function invalidTls<T>(action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const message = `Cannot use the TLS options: ${(cause as Error).message}`
    throw new SockError('ERR_SOCK_INVALID_TLS', message, { cause })
  }
}

/**
 * Refuses options that would do nothing, since there is no TLS.
 *
 * @throws TypeError
 */
export function refuseTlsOptions<S extends object>(settings: S, names: readonly (keyof S & string)[]): void {
  for (const name of names) {
    if (settings[name] !== undefined) throw wrongType(name, 'to be left out without "tls"', settings[name])
  }
}

/** Asks for ciphers that need no certificate (ciphers(1) of OpenSSL); with `!` or `-` before them they are ruled out. */
const ANONYMOUS = /(?<![!-])(aNULL|ADH|AECDH|ALL)/

/**
 * Node takes a server without a certificate, and then no handshake succeeds.
 *
 * @param server the options of the server, when `options` replace only its certificate
 * @throws SockError `ERR_SOCK_INVALID_TLS`
 */
export function checkCertificate(options: SecureContextOptions, server: TlsOptions = options): void {
  const { cert, key, pfx, privateKeyIdentifier, ciphers = server.ciphers } = options
  const isComplete = Boolean(pfx) || (Boolean(cert) && Boolean(key ?? privateKeyIdentifier))
  const isElsewhere = server.SNICallback !== undefined || server.pskCallback !== undefined
  if (isComplete || isElsewhere || (ciphers !== undefined && ANONYMOUS.test(ciphers))) return
  const missing = cert
    ? 'there is no "key" for the "cert"'
    : 'there is no certificate, give "cert" and "key", or "pfx"'
  throw new SockError('ERR_SOCK_INVALID_TLS', `Cannot use the TLS options: ${missing}`)
}

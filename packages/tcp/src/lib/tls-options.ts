import { SockError } from '@sock/core'
import { messageOf, propertyOf } from '@sock/core/transport'
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'

/** The default of `handshakeTimeout`, in ms. */
export const DEFAULT_HANDSHAKE_TIMEOUT = 10_000

/**
 * Runs an action that uses TLS options. Errors from OpenSSL or from Node's own checks become `ERR_SOCK_INVALID_TLS`.
 */
export function invalidTls<T>(options: SecureContextOptions, action: () => T): T {
  checkAuthorities(options)
  try {
    return action()
  } catch (cause) {
    throw new SockError('ERR_SOCK_INVALID_TLS', `Cannot use the TLS ${reasonOf(cause, options)}`, {
      cause,
    })
  }
}

/** Node accepts a `ca` without a certificate, and then trusts nobody. */
function checkAuthorities(options: SecureContextOptions): void {
  const { ca } = Object(options) as SecureContextOptions
  if (![ca].flat().some(hasNoPem)) return
  const message =
    'Cannot use the TLS option "ca": there is no certificate in it. Pass the content of the PEM file, not its path'
  throw new SockError('ERR_SOCK_INVALID_TLS', message)
}

/** Options that hold the content of a file, in the order in which Node uses them. */
const CONTENTS = ['cert', 'key', 'crl', 'pfx'] as const

/**
 * Returns which option is refused, why, and what to do, as far as that is certain: OpenSSL names no option. An option
 * that fails in the same way on its own is the one. The text never shows the value, which may be a key.
 */
function reasonOf(error: unknown, options: SecureContextOptions): string {
  const message = messageOf(error)
  if (propertyOf(error, 'code') === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') {
    return `options "cert" and "key": ${message}. Pass the key of this certificate`
  }
  const given = Object(options) as SecureContextOptions
  const name = CONTENTS.find((each) => failsAlone(each, given, message))
  if (name === undefined) return `options: ${message}`
  const advice =
    hasNoPem(given[name]) && name !== 'pfx' ? '. Pass the content of the PEM file, not its path' : ''
  return `option "${name}": ${message}${advice}`
}

function failsAlone(
  name: (typeof CONTENTS)[number],
  { passphrase, [name]: value }: SecureContextOptions,
  message: string,
): boolean {
  if (value === undefined) return false
  try {
    createSecureContext({ [name]: value, passphrase })
    return false
  } catch (error) {
    return messageOf(error) === message
  }
}

function hasNoPem(value: unknown): boolean {
  return (typeof value === 'string' || Buffer.isBuffer(value)) && !value.includes('-----BEGIN')
}

/**
 * Refuses options that have no effect without TLS.
 *
 * @throws TypeError
 */
export function refuseTlsOptions<S extends object>(settings: S, names: readonly (keyof S & string)[]): void {
  for (const name of names) {
    if (settings[name] === undefined) continue
    const error = new TypeError(`Invalid "${name}": it needs "tls". Pass both, or neither`)
    throw Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' })
  }
}

/** The common options of TLS, which users of `tls.createServer` and `tls.connect` pass at the top level. */
const TLS_KEYS = [
  'ALPNProtocols',
  'SNICallback',
  'ca',
  'cert',
  'key',
  'minVersion',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'requestCert',
]

/**
 * Refuses options of TLS that are beside the option "tls", not in it.
 *
 * @param creator the name of the function that was called
 * @param options as the program passed them
 * @throws TypeError
 */
export function refuseTlsKeys(creator: string, options: unknown): void {
  if (typeof options !== 'object' || options === null) return
  const key = Object.keys(options).find((name) => TLS_KEYS.includes(name))
  if (key === undefined) return
  const error = new TypeError(
    `Unknown option "${key}" in ${creator} options: it belongs to the option "tls". Pass tls: { ${key} }`,
  )
  throw Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
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

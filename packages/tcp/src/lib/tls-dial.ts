import { SockError } from '@sock/core'
import {
  afterOpenSsl,
  createNodePort,
  nodeEngine,
  socketReady,
  type IpEndpoint,
  type SocketTraits,
  type StreamPort,
} from '@sock/core/stream'
import { messageOf, propertyOf } from '@sock/core/transport'
import { isIP, type Socket } from 'node:net'
import { connect, createSecureContext, type ConnectionOptions } from 'node:tls'
import { socketOptions } from './tcp-socket.js'
import { DEFAULT_HANDSHAKE_TIMEOUT, invalidTls } from './tls-options.js'
import { tlsTraits } from './tls-session.js'

/**
 * OpenSSL's error numbers for an answer that is not TLS: "unexpected message", for instance from an echo server, and
 * "wrong version number". If the answer comes while Node is writing, they are only in the text of the error.
 */
const NO_TLS = /:error:(0A0000F4|0A00010B):/

/**
 * The alerts about a certificate of TLS (RFC 8446, section 6.2) as OpenSSL's error numbers: 42 to 46, 48 and 116. With TLS
 * 1.3, they arrive when the handshake is complete for the client.
 */
const CERTIFICATE_REFUSED = /:error:0A0004(1[2-6]|18|5C):/

/** What to do about a certificate that was refused, by the code of the error (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const ADVICE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'Renew the certificate of the server',
  CERT_NOT_YET_VALID: 'Check the clocks of client and server',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'If you trust this certificate, pass it as "tls.ca"',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Connect to a name in the certificate, or set "serverName" to one',
  SELF_SIGNED_CERT_IN_CHAIN: 'Pass the certificate of its authority as "tls.ca"',
  UNABLE_TO_GET_ISSUER_CERT: 'Pass the certificate of its authority as "tls.ca"',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'Pass the certificate of its authority as "tls.ca"',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Pass the certificate of its authority as "tls.ca"',
}

const REFUSED =
  'the server refused the certificate of this client, or wants one. Pass one that it accepts as "tls.cert" and "tls.key"'

/** What TLS sockets of clients have in common. */
const clientTraits: SocketTraits = {
  ...tlsTraits,
  failure: (error) =>
    CERTIFICATE_REFUSED.test(error.message)
      ? new SockError('ERR_SOCK_HANDSHAKE_FAILED', `Connection broke: ${REFUSED}`, { cause: error })
      : error,
}

/** The checked options that {@link connectTls} needs. */
export interface TlsSettings {
  readonly tls: ConnectionOptions
  readonly serverName: string | undefined
  readonly handshakeTimeout: number | undefined
  readonly noDelay: boolean
  readonly keepAlive: number
  readonly highWaterMark: number
  readonly signal: AbortSignal | undefined
}

/**
 * Connects with Node's engine, and completes the TLS handshake.
 *
 * Rejects with a system error, `ERR_SOCK_INVALID_TLS`, `ERR_SOCK_HANDSHAKE_FAILED`, `ERR_SOCK_HANDSHAKE_TIMEOUT`, or
 * the signal's reason. Nothing is left open then.
 */
export async function connectTls(
  settings: TlsSettings,
  endpoint: IpEndpoint & { readonly host: string },
): Promise<StreamPort> {
  const { signal, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT, highWaterMark, tls } = settings
  const { host, port } = endpoint
  const peer = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
  // Check certificates and keys before connecting.
  const secureContext = tls.secureContext ?? invalidTls(tls, () => createSecureContext(tls))
  const { socket: raw } = await nodeEngine.connectStream(endpoint, socketOptions(settings), signal)
  const timeout = new AbortController()
  const message = `Cannot complete the TLS handshake with "${peer}": it took longer than ${handshakeTimeout} ms ("handshakeTimeout")`
  const timer = setTimeout(
    () => timeout.abort(new SockError('ERR_SOCK_HANDSHAKE_TIMEOUT', message)),
    handshakeTimeout,
  )
  try {
    const name = settings.serverName ?? tls.servername ?? (isIP(host) === 0 ? host : undefined)
    const options = {
      highWaterMark,
      ...tls,
      secureContext,
      ...(name === undefined ? {} : { servername: name }),
      host,
    }
    const socket = connect({ ...options, socket: raw })
    await socketReady(socket, 'secureConnect', [signal, timeout.signal])
    return createNodePort(socket, clientTraits)
  } catch (error) {
    await destroyed(raw)
    if (signal?.aborted === true) throw signal.reason
    if (timeout.signal.aborted) throw timeout.signal.reason
    const failure = `Cannot complete the TLS handshake with "${peer}": ${reasonOf(error)}`
    throw new SockError('ERR_SOCK_HANDSHAKE_FAILED', failure, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Returns why the handshake failed, and what to do. */
function reasonOf(error: unknown): string {
  const reason = messageOf(error).trim()
  const code = propertyOf(error, 'code')
  if (NO_TLS.test(reason)) return 'the peer does not speak TLS. Check the port, or leave out "tls"'
  if (CERTIFICATE_REFUSED.test(reason)) return REFUSED
  return typeof code === 'string' && Object.hasOwn(ADVICE, code) ? `${reason}. ${ADVICE[code]}` : reason
}

/** Destroys the socket below a TLS socket, which is destroyed with it. */
function destroyed(raw: Socket): Promise<void> {
  return new Promise((resolve) => {
    afterOpenSsl(raw, () => {
      raw.destroy()
      resolve()
    })
  })
}

import { SockError } from '@sock/core'
import { createNodePort, nodeEngine, type IpEndpoint, type StreamPort } from '@sock/core/stream'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { connect, createSecureContext, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { socketOptions } from './tcp-socket.js'
import { DEFAULT_HANDSHAKE_TIMEOUT, invalidTls } from './tls-options.js'
import { tlsTraits } from './tls-session.js'

/**
 * OpenSSL's numbers for an answer that is no TLS: "unexpected message", as when a server echoes, and "wrong version number". If
 * it comes while Node still writes, they are nowhere but in the text of the error.
 */
const NO_TLS = /:error:(0A0000F4|0A00010B):/

/** What {@link connectTls} needs of the options, checked. */
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
 * Connects with Node's engine, and shakes hands.
 *
 * Rejects with a system error, `ERR_SOCK_INVALID_TLS`, `ERR_SOCK_HANDSHAKE_FAILED`, `ERR_SOCK_HANDSHAKE_TIMEOUT`, or the
 * signal's reason. Nothing is left then.
 */
export async function connectTls(
  settings: TlsSettings,
  endpoint: IpEndpoint & { readonly host: string },
): Promise<StreamPort> {
  const { signal, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT, highWaterMark, tls } = settings
  const { host, port } = endpoint
  const peer = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
  // Before anybody is bothered: certificates and keys that OpenSSL refuses.
  const secureContext = tls.secureContext ?? invalidTls(() => createSecureContext(tls))
  const { socket: raw } = await nodeEngine.connectStream(endpoint, socketOptions(settings), signal)
  const timeout = new AbortController()
  const message = `Gave up the TLS handshake with "${peer}": it took longer than ${handshakeTimeout} ms`
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
    await secured(socket, signal === undefined ? [timeout.signal] : [signal, timeout.signal])
    return createNodePort(socket, tlsTraits)
  } catch (error) {
    raw.destroy()
    if (signal?.aborted === true) throw signal.reason
    if (timeout.signal.aborted) throw timeout.signal.reason
    const reason = (error as Error).message.trim()
    const why = NO_TLS.test(reason) ? 'the peer does not speak TLS' : reason
    const failure = `Cannot complete the TLS handshake with "${peer}": ${why}`
    throw new SockError('ERR_SOCK_HANDSHAKE_FAILED', failure, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for the end of the handshake. If it fails, or one of the signals is aborted, the socket is destroyed. */
async function secured(socket: TLSSocket, signals: readonly AbortSignal[]): Promise<void> {
  const gone = new AbortController()
  const closed = (): void => gone.abort(new Error('Socket closed while connecting'))
  socket.once('close', closed)
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.any([...signals, gone.signal]) })
  } catch (error) {
    // A late error must find a listener.
    socket.on('error', ignore)
    socket.destroy()
    throw gone.signal.aborted ? gone.signal.reason : error
  } finally {
    socket.off('close', closed)
  }
}

function ignore(): void {}

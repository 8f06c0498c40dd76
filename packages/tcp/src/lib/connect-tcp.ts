import { SockError, type IpAddress, type IpTarget, type StreamClientOptions } from '@sock/core'
import {
  checkOptions,
  clientChecks,
  connectNode,
  connectStream,
  createNodePort,
  ipAddress,
  milliseconds,
  nodeEngine,
  parseIpPeer,
  settled,
  string,
  wrongType,
  type Check,
  type Checks,
  type IpEndpoint,
  type StreamPort,
} from '@sock/core/stream'
import { isIP, type Socket } from 'node:net'
import { connect, createSecureContext, type ConnectionOptions } from 'node:tls'
import { DEFAULT_HANDSHAKE_TIMEOUT, invalidTls, refuseTlsOptions } from './tls-options.js'
import type { TcpConnection } from './tcp-connection.js'
import { socketChecks, socketOptions, type TcpSocketOptions } from './tcp-socket.js'
import { tlsTraits } from './tls-session.js'

/** Options of {@link connectTcp}. */
export interface TcpClientOptions<EngineSocket = Socket>
  extends StreamClientOptions<EngineSocket>, TcpSocketOptions {
  /** Speak TLS: `true`, or everything that `tls.connect` takes: `ca`, `cert` and `key`, `ALPNProtocols`, `checkServerIdentity`… Default: plain TCP. */
  tls?: boolean | ConnectionOptions | undefined
  /** The name to ask for (SNI) and to verify the certificate against. Default: the host of the target. */
  serverName?: string | undefined
  /** How long the TLS handshake may take, in ms; only with `tls`. Default 10000. */
  handshakeTimeout?: number | undefined
}

const tlsCheck: Check<ConnectionOptions | undefined> = (value, name) => {
  if (value === undefined || value === false) return undefined
  if (value === true) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(name, 'a boolean or an object', value)
  }
  return value
}

/**
 * OpenSSL's numbers for an answer that is no TLS: "unexpected message", as when a server echoes, and "wrong version number". If
 * it comes while Node still writes, they are nowhere but in the text of the error.
 */
const NO_TLS = /:error:(0A0000F4|0A00010B):/

const checks = {
  ...clientChecks,
  ...socketChecks,
  tls: tlsCheck,
  serverName: string(undefined),
  handshakeTimeout: milliseconds(undefined, 1),
} satisfies Checks<Omit<TcpClientOptions<unknown>, 'tls'> & { tls?: ConnectionOptions | undefined }>

/**
 * Connects to a TCP server, with TLS if `options.tls` is given.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS`, `ERR_SOCK_INVALID_TLS`, a system error (`ECONNREFUSED`, `ENOTFOUND`…), `ERR_SOCK_HANDSHAKE_FAILED` (its
 * cause says why: an unknown CA, another name…), `ERR_SOCK_HANDSHAKE_TIMEOUT`, or the signal's reason. Nothing is left then.
 */
export async function connectTcp<Data = unknown, EngineSocket = Socket>(
  target: string | IpTarget | IpAddress,
  options?: TcpClientOptions<EngineSocket>,
): Promise<TcpConnection<Data>> {
  const settings = checkOptions('connectTcp options', options, checks)
  const { engine, signal } = settings
  if (settings.tls !== undefined && engine !== nodeEngine) {
    throw new SockError('ERR_SOCK_UNSUPPORTED', `Cannot speak TLS with the engine "${engine.name}"`)
  }
  if (settings.tls === undefined) refuseTlsOptions(settings, ['serverName', 'handshakeTimeout'])
  const { host, port } = parseIpPeer(target)
  const endpoint = { kind: 'ip', host, port } as const
  const dial = (): Promise<StreamPort> =>
    settings.tls === undefined
      ? engine.connectStream(endpoint, socketOptions(settings), signal)
      : connectTls({ ...settings, tls: settings.tls }, endpoint)
  // A name is no address: who it is shows when it is connected.
  const remote = isIP(host) === 0 ? undefined : ipAddress(host, port)
  return connectStream<TcpConnection<Data>>({ ...settings, transport: 'tcp', remote, dial })
}

interface TlsSettings {
  readonly tls: ConnectionOptions
  readonly serverName: string | undefined
  readonly handshakeTimeout: number | undefined
  readonly noDelay: boolean
  readonly keepAlive: number
  readonly highWaterMark: number
  readonly signal: AbortSignal | undefined
}

async function connectTls(
  settings: TlsSettings,
  endpoint: IpEndpoint & { readonly host: string },
): Promise<StreamPort> {
  const { signal, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT, highWaterMark, tls } = settings
  const { host, port } = endpoint
  const peer = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
  // Before anybody is bothered: certificates and keys that OpenSSL refuses.
  const secureContext = tls.secureContext ?? invalidTls(() => createSecureContext(tls))
  const raw = await connectNode(endpoint, socketOptions(settings), signal)
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
    const both = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
    await settled(socket, 'secureConnect', both)
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

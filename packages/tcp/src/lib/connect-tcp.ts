import { SockError, type IpAddress, type IpTarget, type StreamClientOptions } from '@sock/core'
import { connectStream, nodeEngine, streamClientChecks, type StreamPort } from '@sock/core/stream'
import {
  check,
  checkOptions,
  connectAtCaller,
  ipAddress,
  parseIpPeer,
  wrongType,
  type Caller,
  type Check,
  type Checks,
} from '@sock/core/transport'
import { isIP, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { TcpConnection } from './tcp-connection.js'
import { socketChecks, socketOptions, type TcpSocketOptions } from './tcp-socket.js'
import { connectTls } from './tls-dial.js'
import { refuseTlsKeys, refuseTlsOptions } from './tls-options.js'

/** Options of {@link connectTcp}. */
export interface TcpClientOptions<EngineSocket = Socket>
  extends StreamClientOptions<EngineSocket>, TcpSocketOptions {
  /**
   * TLS: `true`, or everything that `tls.connect` takes: `ca`, `cert` and `key`, `ALPNProtocols`,
   * `checkServerIdentity`… Default: plain TCP.
   */
  tls?: boolean | ConnectionOptions | undefined
  /** The name to request (SNI) and to verify the certificate against. Default: the host of the target. */
  serverName?: string | undefined
  /** How long the TLS handshake may take, in ms; only with `tls`. Default: 10000. */
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

const checks = {
  ...streamClientChecks,
  ...socketChecks,
  tls: tlsCheck,
  serverName: check.string(undefined),
  handshakeTimeout: check.milliseconds(undefined, 1),
} satisfies Checks<Omit<TcpClientOptions<unknown>, 'tls'> & { tls?: ConnectionOptions | undefined }>

/**
 * Connects to a TCP server, with TLS if `options.tls` is given. Resolves when connected, with TLS after the
 * handshake.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS`, `ERR_SOCK_INVALID_TLS`, a system error (`ECONNREFUSED`, `ENOTFOUND`…),
 * `ERR_SOCK_HANDSHAKE_FAILED` (its cause says why: an unknown CA, another name…), `ERR_SOCK_HANDSHAKE_TIMEOUT`, or
 * the signal's reason. Nothing is left open then.
 *
 * @param target `':8080'`, `'host:8080'`, `'[::1]:8080'`, an object with `port`, or the address that `listen` resolved with
 * @param options TLS, time-outs, a signal and more; each has a default
 * @example
 * ```ts
 * import { connectTcp } from '@sock/tcp'
 *
 * const connection = await connectTcp('localhost:8080', { idleTimeout: 10_000 })
 * await connection.write('hello')
 * console.log(String(await connection.read()))
 * await connection.close()
 * ```
 */
export function connectTcp<Data = unknown, EngineSocket = Socket>(
  target: string | IpTarget | IpAddress,
  options?: TcpClientOptions<EngineSocket>,
): Promise<TcpConnection<Data>> {
  return connectAtCaller(connectTcp, { transport: 'tcp', target }, (caller) =>
    connect<Data>(caller, target, options),
  )
}

function connect<Data>(
  caller: Caller,
  target: string | IpTarget | IpAddress,
  options: unknown,
): Promise<TcpConnection<Data>> {
  refuseTlsKeys('connectTcp', options)
  const settings = checkOptions('connectTcp options', options, checks)
  const { engine, signal } = settings
  if (settings.tls !== undefined && engine !== nodeEngine) {
    throw new SockError(
      'ERR_SOCK_UNSUPPORTED',
      `Cannot use TLS with the engine "${engine.name}": only Node's engine supports TLS. Leave out "engine"`,
    )
  }
  if (settings.tls === undefined) refuseTlsOptions(settings, ['serverName', 'handshakeTimeout'])
  const { host, port } = parseIpPeer(target)
  const endpoint = { kind: 'ip', host, port } as const
  const dial = (): Promise<StreamPort> =>
    settings.tls === undefined
      ? engine.connectStream(endpoint, socketOptions(settings), signal)
      : connectTls({ ...settings, tls: settings.tls }, endpoint)
  // The address of a host name is known only once connected.
  const remote = isIP(host) === 0 ? undefined : ipAddress(host, port)
  return connectStream<TcpConnection<Data>>({ ...settings, transport: 'tcp', remote, caller, dial })
}

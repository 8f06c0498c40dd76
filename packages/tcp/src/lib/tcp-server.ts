import { SockError, type IpAddress, type StreamServer, type StreamServerOptions } from '@sock/core'
import {
  createStreamServer,
  nodeEngine,
  streamServerChecks,
  type IpEndpoint,
  type StreamBinding,
  type StreamListenerSink,
} from '@sock/core/stream'
import { atCaller, check, checkServerOptions, wrongType, type Checks } from '@sock/core/transport'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import type { TcpConnection, TcpHandler } from './tcp-connection.js'
import { socketChecks, socketOptions, type TcpSocketOptions } from './tcp-socket.js'
import { parseListenTarget, TARGET_KEYS, type TcpTarget } from './tcp-target.js'
import { createTlsAcceptor } from './tls-acceptor.js'
import { DEFAULT_HANDSHAKE_TIMEOUT, refuseTlsKeys, refuseTlsOptions } from './tls-options.js'

/** Options of {@link createTcpServer}. */
export interface TcpServerOptions<EngineSocket = Socket>
  extends StreamServerOptions<EngineSocket>, TcpSocketOptions {
  /**
   * TLS, with everything that `tls.createServer` takes: `cert` and `key`, `ca` and `requestCert` for client
   * certificates, `ALPNProtocols`, `SNICallback`… except `handshakeTimeout`, which the option below replaces.
   * Default: plain TCP.
   */
  tls?: TlsOptions | undefined
  /** The longest TLS handshake in ms. Slower peers are closed and counted; only with `tls`. Default: 10000. */
  handshakeTimeout?: number | undefined
  /**
   * The limit of concurrent TLS handshakes. Other peers are closed, counted and reported; only with `tls`. Default:
   * `Infinity`.
   */
  maxHandshakes?: number | undefined
}

/**
 * A TCP server. `listen` takes `':8080'`, `'127.0.0.1:8080'`, `'[::1]:8080'`, the parts as an object, or an address.
 */
export interface TcpServer<Data = unknown> extends StreamServer<
  string | TcpTarget | IpAddress,
  IpAddress,
  TcpConnection<Data>
> {
  /**
   * Replaces the certificate for new connections, without a restart. Open connections keep theirs.
   *
   * @throws SockError `ERR_SOCK_INVALID_TLS` if key and certificate do not match; the old ones stay in use then.
   * `ERR_SOCK_INVALID_STATE` if the server was created without `tls`.
   */
  setSecureContext(options: SecureContextOptions): void
}

const checks = {
  ...streamServerChecks,
  ...socketChecks,
  tls: check.object<TlsOptions>(),
  handshakeTimeout: check.milliseconds(undefined, 1),
  maxHandshakes: check.limit(undefined),
} satisfies Checks<TcpServerOptions<unknown>>

/**
 * Returns a TCP server, with TLS if `options.tls` is given.
 *
 * @typeParam Data the type of `connection.data`, which your program sets
 * @typeParam EngineSocket the argument of `configure`; it follows from `options.engine`
 * @param handler an async function that serves one connection, or an object of callbacks
 * @param options TLS, limits, time-outs and more; each has a default
 * @throws TypeError or RangeError, which name the option and the value; SockError `ERR_SOCK_INVALID_TLS`, or
 * `ERR_SOCK_UNSUPPORTED` for TLS with an engine that does not support it
 * @example
 * ```ts
 * import { createTcpServer } from '@sock/tcp'
 *
 * const server = createTcpServer(
 *   async (connection) => {
 *     for await (const chunk of connection) await connection.write(chunk)
 *   },
 *   { idleTimeout: 60_000, maxConnections: 1_000 },
 * )
 * await server.listen(':8080')
 * ```
 */
export function createTcpServer<Data = unknown, EngineSocket = Socket>(
  handler: TcpHandler<Data>,
  options?: TcpServerOptions<EngineSocket>,
): TcpServer<Data> {
  return atCaller(createTcpServer, () => create(handler, options))
}

function create<Data>(handler: TcpHandler<Data>, options: unknown): TcpServer<Data> {
  refuseTlsKeys('createTcpServer', options)
  const settings = checkServerOptions('createTcpServer', handler, options, checks, TARGET_KEYS)
  const { tls, engine, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT, maxHandshakes = Infinity } = settings
  if (tls === undefined) {
    refuseTlsOptions(settings, ['handshakeTimeout', 'maxHandshakes'])
  } else {
    if (Object.hasOwn(tls, 'handshakeTimeout')) {
      throw wrongType(
        'tls.handshakeTimeout',
        'no value (use the option "handshakeTimeout" beside "tls")',
        tls.handshakeTimeout,
      )
    }
    if (engine !== nodeEngine) {
      throw new SockError(
        'ERR_SOCK_UNSUPPORTED',
        `Cannot use TLS with the engine "${engine.name}": only Node's engine supports TLS. Leave out "engine"`,
      )
    }
  }
  const acceptor = tls && createTlsAcceptor(tls)
  const sockets = { ...socketOptions(settings), backlog: settings.backlog }

  const open = (endpoint: IpEndpoint, sink: StreamListenerSink, signal: AbortSignal) => {
    if (acceptor === undefined) return engine.listenStream(endpoint, sockets, sink, signal)
    const handshakes: StreamListenerSink<Socket> = {
      accept: (port) => sink.handshake(acceptor.handshake(port)),
      handshake: (handshake) => sink.handshake(handshake),
      failed: (error) => sink.failed(error),
    }
    return nodeEngine.listenStream(endpoint, sockets, handshakes, signal)
  }
  const server = createStreamServer<
    string | TcpTarget | IpAddress,
    IpAddress,
    IpEndpoint,
    TcpConnection<Data>
  >(
    {
      transport: 'tcp',
      secure: acceptor !== undefined,
      parse: (target) => parseListenTarget(target, engine),
      open: open as StreamBinding<unknown, IpAddress, IpEndpoint>['open'],
    },
    handler,
    { ...settings, handshakeTimeout, maxHandshakes },
  )
  return Object.assign(server, {
    setSecureContext(context: SecureContextOptions) {
      if (acceptor === undefined) {
        throw new SockError(
          'ERR_SOCK_INVALID_STATE',
          'Cannot set a secure context: the server was created without the option "tls". Pass it to createTcpServer()',
        )
      }
      acceptor.setSecureContext(context)
    },
  })
}

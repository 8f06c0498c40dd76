/// <reference types="node" preserve="true" />
/**
 * For all users: channels, servers, handlers, addresses, errors, and `exchange()`. Every transport depends on this
 * package.
 *
 * @module @sock/core
 */
export { formatAddress, type Address, type IpAddress, type UnixAddress } from './lib/address/address.js'
export type { Unsubscribe } from './lib/server/callback-registry.js'
export type {
  Channel,
  Connection,
  ConnectionStream,
  Datagram,
  DatagramChannel,
  PeerCredentials,
  ReadOptions,
  Transport,
  Transports,
} from './lib/channel/channel.js'
export type { DatagramEngine } from './lib/datagram/engine.js'
export type { DatagramClientOptions, DatagramOptions, DatagramServerOptions } from './lib/datagram/options.js'
export { isSockError, SockError, type SockErrorCode, type SockErrorDetails } from './lib/errors/errors.js'
export { exchange, type ExchangeOptions } from './lib/channel/exchange.js'
export { relay, type RelayOptions, type RelayReport } from './lib/channel/relay.js'
export { serveHttp, type Http2Server, type HttpServer } from './lib/http/serve-http.js'
export { isExpectedClose } from './lib/errors/expected-close.js'
export type {
  StreamCallbacks,
  StreamFunction,
  DatagramCallbacks,
  DatagramFunction,
  DatagramHandler,
  Handler,
  SenderOf,
  StreamHandler,
} from './lib/channel/handler.js'
export type { IpTarget } from './lib/address/ip-target.js'
export type {
  CloseReason,
  ConnectionEvent,
  ConnectionState,
  DatagramServerStats,
  ListenOptions,
  Server,
  ServerEvents,
  ServerListener,
  ServerState,
  ServerStats,
  StreamServerStats,
  ShutdownOptions,
  ShutdownReport,
} from './lib/server/server.js'
export type {
  StreamClientOptions,
  StreamConnectionOptions,
  StreamServerOptions,
} from './lib/stream/options.js'
export type { DatagramServer } from './lib/datagram/datagram-server.js'
export type { StreamServer } from './lib/stream/server/stream-server.js'
export type { StreamEngine } from './lib/stream/port.js'
export type { UnixTarget } from './lib/address/unix-target.js'

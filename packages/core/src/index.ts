/// <reference types="node" preserve="true" />
/**
 * For users: channels, servers, handlers, addresses, errors, and `exchange()`. It comes with every transport.
 *
 * @module @sock/core
 */
export { formatAddress, type Address, type IpAddress, type UnixAddress } from './lib/address.js'
export type { Unsubscribe } from './lib/callbacks.js'
export type {
  Channel,
  Connection,
  Datagram,
  DatagramChannel,
  PeerCredentials,
  TlsSession,
  Transport,
  Transports,
} from './lib/channel.js'
export type { DatagramEngine } from './lib/datagram/engine.js'
export type { DatagramClientOptions, DatagramOptions, DatagramServerOptions } from './lib/datagram/options.js'
export { isSockError, SockError, type SockErrorCode, type SockErrorDetails } from './lib/errors.js'
export { exchange, type ExchangeOptions } from './lib/exchange.js'
export { isExpectedClose } from './lib/expected-close.js'
export type {
  ConnectionCallbacks,
  ConnectionHandler,
  DatagramCallbacks,
  DatagramFunction,
  DatagramHandler,
  Handler,
  StreamHandler,
} from './lib/handler.js'
export type { IpTarget } from './lib/ip-target.js'
export type { ReadOptions } from './lib/patience.js'
export type {
  CloseReason,
  ConnectionEvent,
  ConnectionState,
  DatagramServerStats,
  ListenOptions,
  Server,
  ServerEvents,
  ServerState,
  ServerStats,
  ShutdownOptions,
  ShutdownReport,
} from './lib/server.js'
export type {
  StreamClientOptions,
  StreamConnectionOptions,
  StreamServerOptions,
} from './lib/stream/options.js'
export type { Engine } from './lib/stream/port.js'
export type { UnixTarget } from './lib/unix-target.js'

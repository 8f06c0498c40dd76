/**
 * TCP and TLS servers and clients.
 *
 * @module @sock/tcp
 */
export { connectTcp, type TcpClientOptions } from './lib/connect-tcp.js'
export { createTcpServer, type TcpServer, type TcpServerOptions } from './lib/tcp-server.js'
export type { TcpSocketOptions } from './lib/tcp-socket.js'
export type { TcpTarget } from './lib/tcp-target.js'
export type {
  Connection,
  ConnectionCallbacks,
  ConnectionHandler,
  IpAddress,
  StreamHandler,
  TlsSession,
} from '@sock/core'

/**
 * TCP and TLS servers and clients.
 *
 * @module @sock/tcp
 */
export { connectTcp, type TcpClientOptions } from './lib/connect-tcp.js'
export { createTcpServer, type TcpServer, type TcpServerOptions } from './lib/tcp-server.js'
export type { TcpConnection, TcpHandler, TcpStream } from './lib/tcp-connection.js'
export type { TcpSocketOptions } from './lib/tcp-socket.js'
export type { TcpTarget } from './lib/tcp-target.js'
export type { TlsSession } from './lib/tls-session.js'
export type { Connection, StreamCallbacks, StreamFunction, IpAddress, StreamHandler } from '@sock/core'

/**
 * Unix stream servers and clients.
 *
 * @module @sock/unix
 */
export { connectUnix, type UnixClientOptions } from './lib/connect-unix.js'
export type { UnixConnection, UnixHandler } from './lib/unix-connection.js'
export { createUnixServer, type UnixServer, type UnixServerOptions } from './lib/unix-server.js'
export type {
  Connection,
  StreamCallbacks,
  StreamFunction,
  StreamHandler,
  UnixAddress,
  UnixTarget,
} from '@sock/core'

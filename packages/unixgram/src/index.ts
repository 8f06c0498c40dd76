/**
 * Unix datagram servers and clients, on the native module `unix-dgram`.
 *
 * @module @sock/unixgram
 */
export { connectUnixgram, type UnixgramClientOptions } from './lib/connect-unixgram.js'
export type { UnixgramChannel, UnixgramHandler } from './lib/unixgram-channel.js'
export type { UnixgramEngine, UnixgramPort } from './lib/unixgram-engine.js'
export type { UnixgramSocket } from './lib/named-port.js'
export {
  createUnixgramServer,
  type UnixgramServer,
  type UnixgramServerOptions,
} from './lib/unixgram-server.js'
export type {
  Datagram,
  DatagramCallbacks,
  DatagramChannel,
  DatagramHandler,
  UnixAddress,
  UnixTarget,
} from '@sock/core'

/**
 * A native engine for Linux, for servers and clients of the other packages.
 *
 * @module @sock/native
 */
export type {
  NativeUdpBind,
  NativeUdpGroup,
  NativeUdpPort,
  NativeUdpSettings,
  NativeUnixgramPort,
} from './lib/datagram-engine.js'
export { createEngine, engine, type NativeEngine } from './lib/engine.js'
export type { NativeEngineOptions } from './lib/engine-options.js'
export type { NativeSocket } from './lib/native-socket.js'
export type { SocketOptions } from './lib/socket-options.js'
export type { DatagramEngine, PeerCredentials, StreamEngine } from '@sock/core'

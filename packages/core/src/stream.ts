/// <reference types="node" preserve="true" />
/**
 * For authors of stream transports: servers and clients over a `StreamPort`.
 *
 * @module @sock/core/stream
 */
export { connectStream, type StreamClient } from './lib/stream/client.js'
export { afterOpenSsl } from './lib/stream/node/after-openssl.js'
export { rawSocket } from './lib/stream/node/node-handle.js'
export { socketReady } from './lib/stream/node/socket-ready.js'
export { nodeEngine } from './lib/stream/node/node-engine.js'
export { RESERVED_DESCRIPTORS } from './lib/stream/server/descriptor-limit.js'
export { createNodePort, type SocketTraits } from './lib/stream/node/node-port.js'
export {
  bareStreamClientChecks,
  bareStreamServerChecks,
  streamClientChecks,
  streamServerChecks,
} from './lib/stream/options.js'
export type {
  Handshake,
  IpEndpoint,
  PathEndpoint,
  StreamEndpoint,
  StreamListener,
  StreamListenerSink,
  StreamPort,
  StreamPortSink,
  StreamListenOptions,
  StreamSocketOptions,
} from './lib/stream/port.js'
export { markReused, ownBytes } from './lib/channel/reused-memory.js'
export { createStreamServer, type StreamBinding } from './lib/stream/server/stream-server.js'
export type { StreamServerSettings } from './lib/stream/server/settings.js'

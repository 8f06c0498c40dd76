/// <reference types="node" preserve="true" />
/**
 * For authors of stream transports: the machinery of servers and clients, over ports.
 *
 * @module @sock/core/stream
 */
export { ipAddress, unixAddress } from './lib/address/address.js'
export { parseIpPeer, parseIpTarget, type ExtraChecks } from './lib/address/ip-target.js'
export { lookUp, type Addresses } from './lib/address/look-up.js'
export {
  abortSignal,
  boolean,
  checkOptions,
  func,
  integer,
  limit,
  milliseconds,
  object,
  string,
  wrongType,
  type Check,
  type Checked,
  type Checks,
} from './lib/options/check.js'
export { checkServerOptions } from './lib/options/server-options.js'
export { checkReusePort, hasReusePort } from './lib/address/reuse-port.js'
export type { Listener } from './lib/server/server-life.js'
export {
  createSocketFile,
  type Closable,
  type ListeningFile,
  type SocketFile,
} from './lib/socket-file/socket-file.js'
export {
  parseUnixPath,
  parseUnixTarget,
  type UnixEndpoint,
  type UnixName,
} from './lib/address/unix-target.js'
export { connectStream, type StreamDial } from './lib/stream/client.js'
export {
  connectNode,
  listenNode,
  localIpAddress,
  nodeEngine,
  remoteIpAddress,
  settled,
  type NodeListenerSink,
} from './lib/stream/node/node-engine.js'
export { descriptorOf } from './lib/stream/node/node-handle.js'
export { createNodePort, type SocketTraits } from './lib/stream/node/node-port.js'
export { bareClientChecks, bareServerChecks, clientChecks, serverChecks } from './lib/stream/options.js'
export type {
  StreamEngine,
  Handshake,
  IpEndpoint,
  PathEndpoint,
  StreamEndpoint,
  StreamListener,
  StreamListenerSink,
  StreamPort,
  StreamPortSink,
  StreamSocketOptions,
} from './lib/stream/port.js'
export { createStreamServer, type StreamBinding } from './lib/stream/server.js'
export type { StreamServerSettings } from './lib/stream/settings.js'

/// <reference types="node" preserve="true" />
/**
 * For authors of datagram transports: the machinery of servers and clients, over ports.
 *
 * @module @sock/core/datagram
 */
export { ipAddress, unixAddress } from './lib/address/address.js'
export { connectDatagram, type DatagramDial } from './lib/datagram/client.js'
export {
  cannotSend,
  smallBuffers,
  unixDestination,
  type DatagramEngine,
  type UdpBind,
  type UdpGroup,
  type UdpSettings,
  type UnixgramPort,
} from './lib/datagram/engine.js'
export { datagramClientChecks, datagramServerChecks } from './lib/datagram/options.js'
export type { DatagramPort, DatagramPortSink, DatagramSending } from './lib/datagram/port.js'
export {
  createDatagramServer,
  type DatagramBinding,
  type DatagramServerSettings,
} from './lib/datagram/server.js'
export { parseIpPeer, parseIpTarget, type ExtraChecks } from './lib/address/ip-target.js'
export { lookUp } from './lib/address/look-up.js'
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
export {
  bindable,
  bindSocketFile,
  type BoundFile,
  type SocketFile,
  type SocketFileActions,
} from './lib/socket-file/socket-file.js'
export {
  MAX_PATH_BYTES,
  parseUnixPath,
  parseUnixTarget,
  type UnixEndpoint,
  type UnixName,
} from './lib/address/unix-target.js'

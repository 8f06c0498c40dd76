/// <reference types="node" preserve="true" />
/**
 * For authors of datagram transports: servers and clients over a `DatagramPort`.
 *
 * @module @sock/core/datagram
 */
export { connectDatagram, type DatagramClient } from './lib/datagram/client.js'
export { cannotSend, unixDestination } from './lib/datagram/destination.js'
export { datagramEngine } from './lib/datagram/engine.js'
export { datagramClientChecks, datagramServerChecks } from './lib/datagram/options.js'
export type { DatagramPort, DatagramPortSink, DatagramSending } from './lib/datagram/port.js'
export {
  createDatagramServer,
  type DatagramBinding,
  type DatagramServerSettings,
} from './lib/datagram/datagram-server.js'

/**
 * UDP servers and clients.
 *
 * @module @sock/udp
 */
export { connectUdp, type UdpClientOptions } from './lib/connect-udp.js'
export type { UdpChannel, UdpHandler } from './lib/udp-channel.js'
export type { UdpBind, UdpEngine, UdpPort, UdpSettings } from './lib/udp-engine.js'
export type { MulticastGroup, UdpSocketOptions } from './lib/udp-options.js'
export { createUdpServer, type UdpServer, type UdpServerOptions } from './lib/udp-server.js'
export type { UdpTarget } from './lib/udp-target.js'
export type { Datagram, DatagramCallbacks, DatagramChannel, DatagramHandler, IpAddress } from '@sock/core'

import type { DatagramChannel, DatagramHandler, IpAddress } from '@sock/core'

/**
 * A UDP socket. Each datagram has a sender with an address.
 *
 * @typeParam Data what your program keeps in `data`
 */
export interface UdpChannel<Data = unknown> extends DatagramChannel<Data, IpAddress> {}

/** What serves a UDP socket: a function, or an object of callbacks. */
export type UdpHandler<Data = unknown> = DatagramHandler<UdpChannel<Data>>

import type { DatagramChannel, DatagramHandler, IpAddress } from '@sock/core'

/**
 * A UDP socket. Every datagram has a sender with an address.
 *
 * @typeParam Data the type of `data`, which your program sets
 */
export interface UdpChannel<Data = unknown> extends DatagramChannel<Data, IpAddress> {}

/** The handler of a UDP server: a function, or an object of callbacks. */
export type UdpHandler<Data = unknown> = DatagramHandler<UdpChannel<Data>>

import { SockError, type DatagramEngine, type IpAddress } from '@sock/core'
import { datagramEngine, type DatagramPort } from '@sock/core/datagram'
import type { MulticastGroup } from './udp-options.js'

/**
 * What moves the datagrams of UDP sockets. `node:dgram` is the default; another engine can be given to servers and clients
 * as `engine`.
 *
 * @typeParam Socket what `configure(socket)` gets with this engine
 */
// oxlint-disable-next-line typescript/no-explicit-any -- without an argument, any engine will do
export interface UdpEngine<Socket = any> extends DatagramEngine {
  /** Whether it can share a port whatever the version of Node is. Default: no. */
  readonly canReusePort?: boolean
  /** Binds a socket, and connects it if there is a peer. Rejects with the system's error, and leaves nothing then. */
  openUdp(bind: UdpBind, settings: UdpSettings): Promise<UdpPort<Socket>>
}

/** A bound UDP socket. */
export interface UdpPort<Socket = unknown> extends DatagramPort<Socket> {
  /** Bytes that the system gave when it was asked for `receiveBufferSize`; looked at once, after it was opened. */
  readonly receiveBufferSize: number
  /** Bytes that the system gave when it was asked for `sendBufferSize`; looked at once, after it was opened. */
  readonly sendBufferSize: number
}

/** Where a UDP socket is bound; hosts are addresses in numbers. */
export interface UdpBind {
  /** `undefined` for all addresses. */
  readonly host: string | undefined
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number
  /** What kind of addresses it is for; `udp6` without `ipv6Only` takes both. */
  readonly family: 'udp4' | 'udp6'
  /** Take no IPv4 peers on an IPv6 address. */
  readonly ipv6Only?: boolean
  /** Bind although another socket has the port (SO_REUSEADDR, socket(7)). */
  readonly reuseAddress?: boolean
  /** Share the port with other sockets that ask for it too (SO_REUSEPORT, socket(7)). */
  readonly reusePort?: boolean
  /** Connects the socket to this peer. */
  readonly peer?: IpAddress
}

/** The options of a UDP socket, checked; `undefined` leaves what the system has. */
export interface UdpSettings {
  /** Bytes (SO_RCVBUF, socket(7)). */
  readonly receiveBufferSize: number | undefined
  /** Bytes (SO_SNDBUF, socket(7)). */
  readonly sendBufferSize: number | undefined
  /** Allow sending to broadcast addresses (SO_BROADCAST, socket(7)). */
  readonly broadcast: boolean
  /** Hops, 1 to 255 (IP_TTL, ip(7)). */
  readonly ttl: number | undefined
  /** Groups to join before anything is received. */
  readonly multicast: readonly Readonly<MulticastGroup>[]
  /** Hops, 0 to 255 (IP_MULTICAST_TTL, ip(7)). */
  readonly multicastTtl: number | undefined
  /** Whether this host receives what it sends to a group (IP_MULTICAST_LOOP, ip(7)). */
  readonly multicastLoopback: boolean | undefined
  /** Interface to send multicast from: an address (IPv4), or a scope like `::%eth0` (IPv6). */
  readonly multicastInterface: string | undefined
}

/** Checks the option `engine`. */
export const udpEngine = datagramEngine<UdpEngine>('openUdp')

/**
 * Linux caps what it is asked for at net.core.rmem_max or wmem_max (socket(7)).
 *
 * @returns one error for each buffer of which the system gave less than was asked for
 */
export function smallBuffers(port: UdpPort, settings: UdpSettings): Error[] {
  const errors: Error[] = []
  for (const name of ['receiveBufferSize', 'sendBufferSize'] as const) {
    const asked = settings[name]
    if (asked === undefined || port[name] >= asked) continue
    const message = `Asked for a "${name}" of ${asked} bytes, and the system gave ${port[name]}`
    errors.push(new SockError('ERR_SOCK_BUFFER_SIZE', message))
  }
  return errors
}

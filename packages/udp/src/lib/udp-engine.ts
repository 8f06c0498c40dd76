import { SockError, type DatagramEngine, type IpAddress } from '@sock/core'
import { datagramEngine, type DatagramPort } from '@sock/core/datagram'
import type { MulticastGroup } from './udp-options.js'

/**
 * An engine for UDP, which moves the datagrams. `node:dgram` is the default; servers and clients take another as
 * `engine`.
 *
 * @typeParam Socket the argument of `configure(socket)` with this engine
 */
// oxlint-disable-next-line typescript/no-explicit-any -- without an argument, any engine is accepted
export interface UdpEngine<Socket = any> extends DatagramEngine {
  /** Whether it supports `reusePort` on every version of Node. Default: false. */
  readonly canReusePort?: boolean
  /** Binds a socket, and connects it if there is a peer. Rejects with the system's error, and leaves nothing then. */
  openUdp(bind: UdpBind, settings: UdpSettings): Promise<UdpPort<Socket>>
}

/** A bound UDP socket. */
export interface UdpPort<Socket = unknown> extends DatagramPort<Socket> {
  /** Bytes that the system granted for `receiveBufferSize`; read once, after opening. */
  readonly receiveBufferSize: number
  /** Bytes that the system granted for `sendBufferSize`; read once, after opening. */
  readonly sendBufferSize: number
}

/** Where to bind a UDP socket. Hosts are IP addresses. */
export interface UdpBind {
  /** The address to bind to; `undefined` for all addresses. */
  readonly host: string | undefined
  /** The port, 0 to 65535; with 0 the system chooses one. */
  readonly port: number
  /** The family of the socket; `udp6` without `ipv6Only` handles both. */
  readonly family: 'udp4' | 'udp6'
  /** Accept no IPv4 peers on an IPv6 address. */
  readonly ipv6Only?: boolean
  /** Bind even if another socket has the port (SO_REUSEADDR, socket(7)). */
  readonly reuseAddress?: boolean
  /** Share the port with other sockets that set this too (SO_REUSEPORT, socket(7)). */
  readonly reusePort?: boolean
  /** Connects the socket to this peer. */
  readonly peer?: IpAddress
}

/** The checked options of a UDP socket; `undefined` keeps the system's value. */
export interface UdpSettings {
  /** In bytes (SO_RCVBUF, socket(7)). */
  readonly receiveBufferSize: number | undefined
  /** In bytes (SO_SNDBUF, socket(7)). */
  readonly sendBufferSize: number | undefined
  /** Allow sending to broadcast addresses (SO_BROADCAST, socket(7)). */
  readonly broadcast: boolean
  /** Hops, 1 to 255 (IP_TTL, ip(7)). */
  readonly ttl: number | undefined
  /** Groups to join before anything is received. */
  readonly multicast: readonly Readonly<MulticastGroup>[]
  /** Hops, 0 to 255 (IP_MULTICAST_TTL, ip(7)). */
  readonly multicastTtl: number | undefined
  /** Whether this host also receives what it sends to a group (IP_MULTICAST_LOOP, ip(7)). */
  readonly multicastLoopback: boolean | undefined
  /** The interface to send multicast from: its address (IPv4), or a scope like `::%eth0` (IPv6). */
  readonly multicastInterface: string | undefined
}

/** Checks the option `engine`. */
export const udpEngine = datagramEngine<UdpEngine>('openUdp')

/**
 * Compares the buffers with the requested sizes. Linux caps them at net.core.rmem_max or wmem_max (socket(7)).
 *
 * @returns an error for each buffer that is smaller than requested
 */
export function smallBuffers(port: UdpPort, settings: UdpSettings): Error[] {
  const errors: Error[] = []
  for (const name of ['receiveBufferSize', 'sendBufferSize'] as const) {
    const asked = settings[name]
    if (asked === undefined || port[name] >= asked) continue
    const limit = name === 'receiveBufferSize' ? 'net.core.rmem_max' : 'net.core.wmem_max'
    const message = `Asked for a "${name}" of ${asked} bytes, but the system granted ${port[name]}. Raise ${limit} (Linux), or ask for less`
    errors.push(new SockError('ERR_SOCK_BUFFER_SIZE', message))
  }
  return errors
}

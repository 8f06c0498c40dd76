import type { DatagramEngine, IpAddress } from '@sock/core'
import type { DatagramPort } from '@sock/core/datagram'
import type { NativeSocket } from './native-socket.js'

/**
 * The datagram part of the engine: `UdpEngine` of `@sock/udp` and `UnixgramEngine` of `@sock/unixgram`. Those
 * packages use this one in their tests, and dependencies go in one direction only, so the interfaces are repeated
 * here.
 */
export interface NativeDatagramEngine extends DatagramEngine {
  /** Whether the system chooses an abstract name for clients of Unix datagrams, so that they need no file. */
  readonly autobind: boolean
  /** Binds a UDP socket, and connects it if there is a peer. Rejects with the system's error, and leaves nothing then. */
  openUdp(bind: NativeUdpBind, settings: NativeUdpSettings): Promise<NativeUdpPort>
  /** Opens a Unix datagram socket without a name. @throws the system's error */
  openUnixgram(): NativeUnixgramPort
}

/** A UDP socket. */
export interface NativeUdpPort extends DatagramPort<NativeSocket> {
  /** Bytes that the system granted for the receive buffer; read once. */
  readonly receiveBufferSize: number
  /** Bytes that the system granted for the send buffer; read once. */
  readonly sendBufferSize: number
}

/** A Unix datagram socket. */
export interface NativeUnixgramPort extends DatagramPort<NativeSocket> {
  /** Binds it to a name. @throws the system's error */
  bind(name: string): void
  /** Connects it to a peer, the first or another one. @throws the system's error */
  connect(name: string): void
}

/** Where to bind a UDP socket. Hosts are IP addresses. */
export interface NativeUdpBind {
  /** The address to bind to; `undefined` for all addresses. */
  readonly host: string | undefined
  /** The port, 0 to 65535; with 0 the system chooses one. */
  readonly port: number
  /** The family of the socket. */
  readonly family: 'udp4' | 'udp6'
  /** Accept no IPv4 peers on an IPv6 address. Default: false. */
  readonly ipv6Only?: boolean
  /** Bind even if another socket has the port (SO_REUSEADDR, socket(7)). Default: false. */
  readonly reuseAddress?: boolean
  /** Share the port with other sockets that set this too (SO_REUSEPORT, socket(7)). Default: false. */
  readonly reusePort?: boolean
  /** Connects the socket to this peer. */
  readonly peer?: IpAddress
}

/** A multicast group to join. */
export interface NativeUdpGroup {
  /** The group's address. */
  readonly group: string
  /** The interface: its address or scope. Default: the system chooses. */
  readonly interface?: string | undefined
}

/** The options of a UDP socket; `undefined` keeps the system's value. */
export interface NativeUdpSettings {
  /** In bytes (SO_RCVBUF, socket(7)). */
  readonly receiveBufferSize: number | undefined
  /** In bytes (SO_SNDBUF, socket(7)). */
  readonly sendBufferSize: number | undefined
  /** Allow sending to broadcast addresses (SO_BROADCAST, socket(7)). */
  readonly broadcast: boolean
  /** Hops (IP_TTL, ip(7)). */
  readonly ttl: number | undefined
  /** Groups to join before anything is received. */
  readonly multicast: readonly NativeUdpGroup[]
  /** Hops (IP_MULTICAST_TTL, ip(7)). */
  readonly multicastTtl: number | undefined
  /** Whether this host also receives what it sends to a group (IP_MULTICAST_LOOP, ip(7)). */
  readonly multicastLoopback: boolean | undefined
  /** The interface to send multicast from: its address (IPv4), or its scope (IPv6). */
  readonly multicastInterface: string | undefined
}

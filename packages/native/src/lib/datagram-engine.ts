import type { DatagramEngine, IpAddress } from '@sock/core'
import type { DatagramPort } from '@sock/core/datagram'
import type { NativeSocket } from './native-socket.js'

/**
 * What this engine is to `@sock/udp` and `@sock/unixgram`: what they call `UdpEngine` and `UnixgramEngine`. They are tested
 * with it, and packages know each other in one direction only, so that it is said here once more.
 */
export interface NativeDatagramEngine extends DatagramEngine {
  /** Whether clients of Unix datagrams let the system choose an abstract name, instead of making a file. */
  readonly autobind: boolean
  /** Binds a UDP socket, and connects it if there is a peer. Rejects with the system's error, and leaves nothing then. */
  openUdp(bind: NativeUdpBind, settings: NativeUdpSettings): Promise<NativeUdpPort>
  /** Opens a Unix datagram socket that has no name yet. @throws the system's error */
  openUnixgram(): NativeUnixgramPort
}

/** A UDP socket. */
export interface NativeUdpPort extends DatagramPort<NativeSocket> {
  /** Bytes that the system gave for what is received; looked at once. */
  readonly receiveBufferSize: number
  /** Bytes that the system gave for what is sent; looked at once. */
  readonly sendBufferSize: number
}

/** A Unix datagram socket. */
export interface NativeUnixgramPort extends DatagramPort<NativeSocket> {
  /** Gives it a name. @throws the system's error */
  bind(name: string): void
  /** Gives it a peer, or another one. @throws the system's error */
  connect(name: string): void
}

/** Where a UDP socket is bound; hosts are addresses in numbers. */
export interface NativeUdpBind {
  /** `undefined` for all addresses. */
  readonly host: string | undefined
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number
  /** What kind of addresses it is for. */
  readonly family: 'udp4' | 'udp6'
  /** Take no IPv4 peers on an IPv6 address. Default false. */
  readonly ipv6Only?: boolean
  /** SO_REUSEADDR (socket(7)). Default false. */
  readonly reuseAddress?: boolean
  /** SO_REUSEPORT (socket(7)). Default false. */
  readonly reusePort?: boolean
  /** Connects the socket to this peer. */
  readonly peer?: IpAddress
}

/** A multicast group to join. */
export interface NativeUdpGroup {
  /** Its address. */
  readonly group: string
  /** Interface to join on, an address or a scope. Default: the system chooses. */
  readonly interface?: string | undefined
}

/** The options of a UDP socket; `undefined` leaves what the system has. */
export interface NativeUdpSettings {
  /** Bytes (SO_RCVBUF, socket(7)). */
  readonly receiveBufferSize: number | undefined
  /** Bytes (SO_SNDBUF, socket(7)). */
  readonly sendBufferSize: number | undefined
  /** SO_BROADCAST (socket(7)). */
  readonly broadcast: boolean
  /** Hops (IP_TTL, ip(7)). */
  readonly ttl: number | undefined
  /** Groups to join before anything is received. */
  readonly multicast: readonly NativeUdpGroup[]
  /** Hops (IP_MULTICAST_TTL, ip(7)). */
  readonly multicastTtl: number | undefined
  /** IP_MULTICAST_LOOP (ip(7)). */
  readonly multicastLoopback: boolean | undefined
  /** Interface to send multicast from: an address (IPv4), or a scope (IPv6). */
  readonly multicastInterface: string | undefined
}

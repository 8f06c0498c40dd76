import type { IpAddress, IpTarget } from '@sock/core'
import { check, checkReusePort, IP_TARGET_KEYS, parseIpTarget } from '@sock/core/transport'
import type { UdpEngine } from './udp-engine.js'

/** An address for a UDP server to listen on, in parts. */
export interface UdpTarget extends IpTarget {
  /** Accept no IPv4 datagrams on an IPv6 address (IPV6_V6ONLY, ipv6(7)). Default: false. */
  ipv6Only?: boolean | undefined
  /**
   * Binds even if another socket has the port (SO_REUSEADDR, socket(7)), as several receivers of a multicast group
   * do. With unicast, the newest socket gets all datagrams. Default: false.
   */
  reuseAddress?: boolean | undefined
  /**
   * Lets several sockets share the port; the system distributes senders among them (SO_REUSEPORT, socket(7)).
   * Default: false. Needs Node 22.12, 23.1 or newer, or another engine that supports it.
   */
  reusePort?: boolean | undefined
}

/** A checked address to listen on. */
export interface UdpEndpoint {
  readonly host: string | undefined
  readonly port: number
  readonly ipv6Only: boolean
  readonly reuseAddress: boolean
  readonly reusePort: boolean
}

const listenChecks = {
  ipv6Only: check.boolean(false),
  reuseAddress: check.boolean(false),
  reusePort: check.boolean(false),
}

/** The parts of a target, first the one that it must have. */
export const TARGET_KEYS: readonly string[] = [...IP_TARGET_KEYS, ...Object.keys(listenChecks)]

/**
 * Checks a target to listen on.
 *
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`, or `ERR_SOCK_UNSUPPORTED` for `reusePort` on a version of Node that
 * ignores it
 */
export function parseListenTarget(
  target: string | UdpTarget | IpAddress,
  engine?: Pick<UdpEngine, 'canReusePort'>,
): UdpEndpoint {
  const endpoint = parseIpTarget(target, listenChecks)
  checkReusePort(endpoint.reusePort, engine)
  return { ...endpoint, host: endpoint.host }
}

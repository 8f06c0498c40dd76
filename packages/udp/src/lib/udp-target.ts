import type { IpAddress, IpTarget } from '@sock/core'
import { check, checkReusePort, parseIpTarget } from '@sock/core/transport'
import type { UdpEngine } from './udp-engine.js'

/** Where a UDP server listens, in parts. */
export interface UdpTarget extends IpTarget {
  /** On an IPv6 address, take no IPv4 datagrams (IPV6_V6ONLY, ipv6(7)). Default false. */
  ipv6Only?: boolean | undefined
  /**
   * Bind although another socket has the port (SO_REUSEADDR, socket(7)), as several receivers of one multicast group do.
   * With unicast, the newest socket takes all datagrams from the others. Default false.
   */
  reuseAddress?: boolean | undefined
  /**
   * Let several sockets share the port, and the system spread senders among them (SO_REUSEPORT, socket(7)). Default false.
   * Needs Node 22.12, 23.1 or newer, or another engine that can.
   */
  reusePort?: boolean | undefined
}

/** Where to listen, checked. */
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

/**
 * Checks where to listen.
 *
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`, or `ERR_SOCK_UNSUPPORTED` for `reusePort` on a Node that ignores it
 */
export function parseListenTarget(
  target: string | UdpTarget | IpAddress,
  engine?: Pick<UdpEngine, 'canReusePort'>,
): UdpEndpoint {
  const endpoint = parseIpTarget(target, listenChecks)
  checkReusePort(endpoint.reusePort, engine)
  return { ...endpoint, host: endpoint.host }
}

import type { StreamEngine, IpAddress, IpTarget } from '@sock/core'
import type { IpEndpoint } from '@sock/core/stream'
import { check, checkReusePort, parseIpTarget } from '@sock/core/transport'

/** Where a TCP server listens, in parts. */
export interface TcpTarget extends IpTarget {
  /** On an IPv6 address, take no IPv4 peers (IPV6_V6ONLY, ipv6(7)). Default false. */
  ipv6Only?: boolean | undefined
  /**
   * Let several sockets share the port, and the system spread peers among them (SO_REUSEPORT, socket(7)). Default false.
   * Needs Node 22.12, 23.1 or newer, or another engine that can.
   */
  reusePort?: boolean | undefined
}

const listenChecks = { ipv6Only: check.boolean(false), reusePort: check.boolean(false) }

/**
 * Checks where to listen.
 *
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`, or `ERR_SOCK_UNSUPPORTED` for `reusePort` on a Node that ignores it
 */
export function parseListenTarget(
  target: string | TcpTarget | IpAddress,
  engine?: Pick<StreamEngine, 'canReusePort'>,
): IpEndpoint {
  const endpoint = parseIpTarget(target, listenChecks)
  checkReusePort(endpoint.reusePort, engine)
  return { kind: 'ip', ...endpoint, host: endpoint.host }
}

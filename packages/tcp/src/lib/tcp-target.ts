import type { StreamEngine, IpAddress, IpTarget } from '@sock/core'
import type { IpEndpoint } from '@sock/core/stream'
import { check, checkReusePort, IP_TARGET_KEYS, parseIpTarget } from '@sock/core/transport'

/** An address for a TCP server to listen on, in parts. */
export interface TcpTarget extends IpTarget {
  /** Accept no IPv4 peers on an IPv6 address (IPV6_V6ONLY, ipv6(7)). Default: false. */
  ipv6Only?: boolean | undefined
  /**
   * Lets several sockets share the port; the system distributes peers among them (SO_REUSEPORT, socket(7)). Default:
   * false. Needs Node 22.12, 23.1 or newer, or another engine that supports it.
   */
  reusePort?: boolean | undefined
}

const listenChecks = { ipv6Only: check.boolean(false), reusePort: check.boolean(false) }

/** The parts of a target, first the one that it must have. */
export const TARGET_KEYS: readonly string[] = [...IP_TARGET_KEYS, ...Object.keys(listenChecks)]

/**
 * Checks a target to listen on.
 *
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`, or `ERR_SOCK_UNSUPPORTED` for `reusePort` on a version of Node that
 * ignores it
 */
export function parseListenTarget(
  target: string | TcpTarget | IpAddress,
  engine?: Pick<StreamEngine, 'canReusePort'>,
): IpEndpoint {
  const endpoint = parseIpTarget(target, listenChecks)
  checkReusePort(endpoint.reusePort, engine)
  return { kind: 'ip', ...endpoint, host: endpoint.host }
}

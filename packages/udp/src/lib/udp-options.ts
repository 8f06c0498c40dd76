import { check, checkOptions, wrongType, type Check, type Checks } from '@sock/core/transport'
import { isIP } from 'node:net'

/** A multicast group to join. The socket leaves it when it closes. */
export interface MulticastGroup {
  /** The group's address: 224.0.0.0/4 or ff00::/8. */
  group: string
  /** The interface: its address (IPv4), or a scope like `::%eth0` (IPv6). Default: the system chooses. */
  interface?: string | undefined
}

/** Options of UDP sockets, for servers and clients. */
export interface UdpSocketOptions {
  /**
   * Size of the system's receive buffer in bytes (SO_RCVBUF, socket(7)). If the system grants less, the server emits
   * an `error`. Default: the system's.
   */
  receiveBufferSize?: number | undefined
  /**
   * Size of the system's send buffer in bytes (SO_SNDBUF). If the system grants less, the server emits an `error`.
   * Default: the system's.
   */
  sendBufferSize?: number | undefined
  /** Allows sending to broadcast addresses (SO_BROADCAST). Default: false. */
  broadcast?: boolean | undefined
  /** Hops that datagrams may take (IP_TTL, ip(7)), 1 to 255. Default: the system's. */
  ttl?: number | undefined
  /** The multicast groups to join. Default: none. */
  multicast?: readonly MulticastGroup[] | undefined
  /** Hops that multicast datagrams may take (IP_MULTICAST_TTL), 0 to 255. Default: the system's, 1. */
  multicastTtl?: number | undefined
  /** Whether this host receives its own multicast datagrams (IP_MULTICAST_LOOP). Default: the system's, true. */
  multicastLoopback?: boolean | undefined
  /** The interface to send multicast from, as in {@link MulticastGroup.interface}. Default: the system's. */
  multicastInterface?: string | undefined
}

const MAX_BUFFER = 2 ** 31 - 1

const groupChecks = { group: check.string(undefined), interface: check.string(undefined) } satisfies Checks<
  Partial<MulticastGroup>
>

const multicast: Check<readonly MulticastGroup[]> = (value, name) => {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrongType(name, 'an array', value)
  return value.map((entry: unknown, index) => {
    const { group, ...rest } = checkOptions(`${name}[${index}]`, entry ?? null, groupChecks)
    if (group === undefined || isIP(group) === 0)
      throw wrongType(`${name}[${index}].group`, 'an address', group)
    return { group, ...rest }
  })
}

export const udpChecks = {
  receiveBufferSize: check.integer(undefined, 1, MAX_BUFFER),
  sendBufferSize: check.integer(undefined, 1, MAX_BUFFER),
  broadcast: check.boolean(false),
  ttl: check.integer(undefined, 1, 255),
  multicast,
  multicastTtl: check.integer(undefined, 0, 255),
  multicastLoopback: check.boolean(undefined),
  multicastInterface: check.string(undefined),
} satisfies Checks<UdpSocketOptions>

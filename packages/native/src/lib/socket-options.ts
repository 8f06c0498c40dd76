/**
 * Options of a socket by the names that a {@link NativeSocket} has for them: whole numbers, as getsockopt(2) tells and
 * setsockopt(2) takes them. A switch is 1 or 0.
 *
 * Each belongs to some kinds of sockets. For one of another kind the system has `ENOPROTOOPT` or `ENOTSUP`, and for a value that
 * it does not take `EINVAL`. Where a server or a client has an option for the same thing, that one decides what the socket
 * begins with; the defaults here are those of the system otherwise.
 */
export interface SocketOptions {
  /** TCP: small writes leave at once. 0 or 1; default 1, by the option `noDelay` (TCP_NODELAY, tcp(7)). */
  noDelay?: number
  /** TCP: a silent peer is asked whether it is still there. 0 or 1; default 1, by the option `keepAlive` (SO_KEEPALIVE, socket(7)). */
  keepAlive?: number
  /** TCP: the silence before that, in seconds, 1 to 32,767. Default 60, by the option `keepAlive` (TCP_KEEPIDLE, tcp(7)). */
  keepAliveIdle?: number
  /**
   * TCP: how long what was sent may wait for its acknowledgement, in ms. Default 0, as long as the system tries
   * (TCP_USER_TIMEOUT, tcp(7)).
   */
  userTimeout?: number
  /**
   * TCP, of a socket that listens: how long a peer may be silent before it is accepted, in seconds. Default 0, it is accepted
   * at once (TCP_DEFER_ACCEPT, tcp(7)).
   */
  deferAccept?: number
  /**
   * TCP, of a socket that listens: so many peers may send data with their first packet, and wait to be accepted. Default 0,
   * nobody may. Once connected, it cannot be set: `EINVAL` (TCP_FASTOPEN, tcp(7)).
   */
  fastOpen?: number
  /**
   * TCP, of a client: the first write leaves with the first packet. 0 or 1; default 0. Once connected, it cannot be set:
   * `EINVAL` (TCP_FASTOPEN_CONNECT, tcp(7)).
   */
  fastOpenConnect?: number
  /**
   * How long the system asks the network card before it sleeps, in microseconds. Default 0, or what `net.core.busy_read` says.
   * To raise it needs CAP_NET_ADMIN: else `EPERM` (SO_BUSY_POLL, socket(7)).
   */
  busyPoll?: number
  /**
   * Room for what has arrived and was not read, in bytes. The system doubles what it is given, for its own needs, takes no more
   * than `net.core.rmem_max`, without a word, and tells the double. Default: what the system chooses, which over TCP grows and
   * stops growing when this is set (SO_RCVBUF, socket(7)).
   */
  receiveBuffer?: number
  /** Room for what was sent and has not left, in bytes: likewise, with `net.core.wmem_max` (SO_SNDBUF, socket(7)). Default: likewise. */
  sendBuffer?: number
  /** UDP: others may bind the same address. 0 or 1; default 0, by `reuseAddress` of the target (SO_REUSEADDR, socket(7)). */
  reuseAddress?: number
  /** TCP and UDP: sockets share a port, and what arrives there. 0 or 1; default 0, by `reusePort` of the target (SO_REUSEPORT, socket(7)). */
  reusePort?: number
  /** UDP: datagrams may be sent to all of a network. 0 or 1; default 0, by the option `broadcast` (SO_BROADCAST, socket(7)). */
  broadcast?: number
  /**
   * Unix: what arrives tells the process that has sent it. 0 or 1; default 0, by the option `credentials` of the engine
   * (SO_PASSCRED, unix(7)).
   */
  passCredentials?: number
  /** IPv4: routers that a packet may pass, 1 to 255 hops. Default 64; of UDP by the option `ttl` (IP_TTL, ip(7)). */
  ttl?: number
  /** UDP over IPv4: the same to a multicast group, 0 to 255 hops. Default 1, by the option `multicastTtl` (IP_MULTICAST_TTL, ip(7)). */
  multicastTtl?: number
  /**
   * UDP over IPv4: what is sent to a multicast group comes back to this machine. 0 or 1; default 1, by the option
   * `multicastLoopback` (IP_MULTICAST_LOOP, ip(7)).
   */
  multicastLoop?: number
  /** IPv6: no peers that speak IPv4. 0 or 1; default 0, by `ipv6Only` of the target. Once bound, it cannot be set: `EINVAL` (IPV6_V6ONLY, ipv6(7)). */
  ipv6Only?: number
  /** IPv6: as {@link ttl}, in hops. Default 64 (IPV6_UNICAST_HOPS, ipv6(7)). */
  hops?: number
  /** UDP over IPv6: as {@link multicastTtl}, in hops. Default 1 (IPV6_MULTICAST_HOPS, ipv6(7)). */
  multicastHops?: number
  /** UDP over IPv6: as {@link multicastLoop}. 0 or 1; default 1 (IPV6_MULTICAST_LOOP, ipv6(7)). */
  multicastLoop6?: number
}

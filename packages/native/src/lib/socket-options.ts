/**
 * Options of a socket, by the names that {@link NativeSocket} uses: whole numbers, as for getsockopt(2) and
 * setsockopt(2). A switch is 1 or 0.
 *
 * Each belongs to some kinds of sockets. On another kind the system returns `ENOPROTOOPT` or `ENOTSUP`, and `EINVAL`
 * for an invalid value. If a server or a client has an option for the same setting, that option decides the initial
 * value; otherwise the defaults below are the system's.
 */
export interface SocketOptions {
  /** TCP: send small writes at once. 0 or 1; default 1, by the option `noDelay` (TCP_NODELAY, tcp(7)). */
  noDelay?: number
  /** TCP: probe a silent peer. 0 or 1; default 1, by the option `keepAlive` (SO_KEEPALIVE, socket(7)). */
  keepAlive?: number
  /**
   * TCP: the silence before the first probe, in seconds, 1 to 32,767. Default 60, by the option `keepAlive`
   * (TCP_KEEPIDLE, tcp(7)).
   */
  keepAliveIdle?: number
  /**
   * TCP: the time between two probes, in seconds, 1 to 32,767. Default 1 with `keepAlive`, as with Node's engine;
   * otherwise the system's, 75 (TCP_KEEPINTVL, tcp(7)).
   */
  keepAliveInterval?: number
  /**
   * TCP: after how many unanswered probes the connection ends, 1 to 127. Default 10 with `keepAlive`, as with Node's
   * engine; otherwise the system's, 9 (TCP_KEEPCNT, tcp(7)).
   */
  keepAliveProbes?: number
  /**
   * TCP: how long sent data may wait for its acknowledgement, in ms. Default 0, as long as the system tries
   * (TCP_USER_TIMEOUT, tcp(7)).
   */
  userTimeout?: number
  /**
   * TCP listeners: how long a peer may be silent before it is accepted, in seconds. Default 0, it is accepted at once
   * (TCP_DEFER_ACCEPT, tcp(7)).
   */
  deferAccept?: number
  /**
   * TCP listeners: how many peers may send data with their first packet and wait to be accepted. Default 0. On a
   * connected socket: `EINVAL` (TCP_FASTOPEN, tcp(7)).
   */
  fastOpen?: number
  /**
   * TCP clients: send the first write with the first packet. 0 or 1; default 0. On a connected socket: `EINVAL`
   * (TCP_FASTOPEN_CONNECT, tcp(7)).
   */
  fastOpenConnect?: number
  /**
   * How long the system polls the network card before it sleeps, in microseconds. Default 0, or the value of
   * `net.core.busy_read`. Raising it needs CAP_NET_ADMIN, otherwise `EPERM` (SO_BUSY_POLL, socket(7)).
   */
  busyPoll?: number
  /**
   * Size of the receive buffer in bytes. The system doubles the value for its own needs, caps it at
   * `net.core.rmem_max` without an error, and reports the doubled value. Default: chosen by the system; over TCP it
   * grows by itself until you set it (SO_RCVBUF, socket(7)).
   */
  receiveBuffer?: number
  /**
   * Size of the send buffer in bytes. The rules of {@link receiveBuffer} apply, with the cap `net.core.wmem_max`
   * (SO_SNDBUF, socket(7)). Default: chosen by the system.
   */
  sendBuffer?: number
  /**
   * UDP: other sockets may bind the same address. 0 or 1; default 0, by `reuseAddress` of the target (SO_REUSEADDR,
   * socket(7)).
   */
  reuseAddress?: number
  /**
   * TCP and UDP: several sockets share a port and what arrives there. 0 or 1; default 0, by `reusePort` of the target
   * (SO_REUSEPORT, socket(7)).
   */
  reusePort?: number
  /**
   * UDP: allow sending to broadcast addresses. 0 or 1; default 0, by the option `broadcast` (SO_BROADCAST,
   * socket(7)).
   */
  broadcast?: number
  /**
   * Unix: report the process that sent each message. 0 or 1; default 0, by the option `credentials` of the engine
   * (SO_PASSCRED, unix(7)).
   */
  passCredentials?: number
  /** IPv4: the hop limit of packets, 1 to 255. Default 64; for UDP by the option `ttl` (IP_TTL, ip(7)). */
  ttl?: number
  /**
   * UDP over IPv4: the hop limit of multicast datagrams, 0 to 255. Default 1, by the option `multicastTtl`
   * (IP_MULTICAST_TTL, ip(7)).
   */
  multicastTtl?: number
  /**
   * UDP over IPv4: this host receives its own multicast datagrams. 0 or 1; default 1, by the option
   * `multicastLoopback` (IP_MULTICAST_LOOP, ip(7)).
   */
  multicastLoop?: number
  /**
   * IPv6: accept no IPv4 peers. 0 or 1; default 0, by `ipv6Only` of the target. On a bound socket: `EINVAL`
   * (IPV6_V6ONLY, ipv6(7)).
   */
  ipv6Only?: number
  /** IPv6: like {@link ttl}, in hops. Default 64 (IPV6_UNICAST_HOPS, ipv6(7)). */
  hops?: number
  /** UDP over IPv6: like {@link multicastTtl}, in hops. Default 1 (IPV6_MULTICAST_HOPS, ipv6(7)). */
  multicastHops?: number
  /** UDP over IPv6: like {@link multicastLoop}. 0 or 1; default 1 (IPV6_MULTICAST_LOOP, ipv6(7)). */
  multicastLoop6?: number
}

import type { StreamEndpoint, StreamSocketOptions } from '@sock/core/stream'
import { check, checkOptions, type Checked, type Checks } from '@sock/core/transport'
import type { SocketOptions } from './socket-options.js'

/** What the system can do beyond the options of servers and clients; by default it does nothing of this. */
export interface NativeEngineOptions {
  /**
   * TCP: how long what was sent may wait for the peer's acknowledgement, or for room on its side, in ms; then the connection
   * fails with `ETIMEDOUT` (TCP_USER_TIMEOUT, tcp(7)). Default: as long as the system tries, some 15 minutes.
   */
  tcpUserTimeout?: number | undefined
  /**
   * TCP servers: a peer is accepted only when it has sent something, or after this time, in ms, which the system rounds up
   * to one of its retransmissions (TCP_DEFER_ACCEPT, tcp(7)). Default: at once.
   */
  tcpDeferAccept?: number | undefined
  /**
   * TCP servers: as many peers may send data with their first packet, and wait to be accepted; TCP clients do so with a
   * server they know (TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, tcp(7)). Needs `net.ipv4.tcp_fastopen` to be 3 on a server. Default:
   * nobody does.
   */
  tcpFastOpen?: number | undefined
  /**
   * Before it sleeps, the system may ask the network card for so many microseconds whether something came (SO_BUSY_POLL,
   * socket(7)). More than the system's default needs the right CAP_NET_ADMIN. Default: what `net.core.busy_read` says, 0 as a
   * rule.
   */
  busyPoll?: number | undefined
  /**
   * Unix datagrams: whether each tells who has sent it (`datagram.peerCredentials`, `channel.peerCredentials`; SO_PASSCRED, unix(7)).
   * Default false.
   */
  credentials?: boolean | undefined
  /**
   * Unix datagrams: whether clients let the system choose an abstract name for them (unix(7)), and need no file in a folder
   * for temporary ones. A server in another network namespace, as of another container, cannot answer to such a name.
   * Default false.
   */
  autobind?: boolean | undefined
}

const MAX_INT = 2 ** 31 - 1

const checks = {
  tcpUserTimeout: check.milliseconds(undefined, 1),
  tcpDeferAccept: check.milliseconds(undefined, 1),
  tcpFastOpen: check.integer(undefined, 1, MAX_INT),
  busyPoll: check.integer(undefined, 1, MAX_INT),
  credentials: check.boolean(false),
  autobind: check.boolean(false),
} satisfies Checks<NativeEngineOptions>

export type EngineSettings = Checked<typeof checks>

/** @throws TypeError or RangeError */
export function checkEngineOptions(options: NativeEngineOptions | undefined): EngineSettings {
  return checkOptions('createEngine options', options, checks)
}

/** What a listener gets; those it accepts inherit it. */
export function listenerOptions(
  settings: EngineSettings,
  endpoint: StreamEndpoint,
  sockets: StreamSocketOptions,
): SocketOptions {
  const options = commonOptions(settings, endpoint, sockets)
  if (endpoint.kind === 'path') return options
  const { tcpDeferAccept, tcpFastOpen } = settings
  if (tcpDeferAccept !== undefined) options.deferAccept = seconds(tcpDeferAccept)
  if (tcpFastOpen !== undefined) options.fastOpen = tcpFastOpen
  return options
}

export function clientOptions(
  settings: EngineSettings,
  endpoint: StreamEndpoint,
  sockets: StreamSocketOptions,
): SocketOptions {
  const options = commonOptions(settings, endpoint, sockets)
  if (endpoint.kind === 'ip' && settings.tcpFastOpen !== undefined) options.fastOpenConnect = 1
  return options
}

function commonOptions(
  { tcpUserTimeout, busyPoll }: EngineSettings,
  { kind }: StreamEndpoint,
  { noDelay = false, keepAlive = 0 }: StreamSocketOptions,
): SocketOptions {
  const options: SocketOptions = {}
  if (busyPoll !== undefined) options.busyPoll = busyPoll
  if (kind === 'path') return options
  if (tcpUserTimeout !== undefined) options.userTimeout = tcpUserTimeout
  if (noDelay) options.noDelay = 1
  if (keepAlive > 0) {
    options.keepAlive = 1
    options.keepAliveIdle = seconds(keepAlive)
  }
  return options
}

/** What TCP counts in; none of its times may be 0. */
function seconds(time: number): number {
  return Math.max(1, Math.round(time / 1000))
}

import type { StreamEndpoint, StreamSocketOptions } from '@sock/core/stream'
import { check, checkOptions, type Checked, type Checks } from '@sock/core/transport'
import type { SocketOptions } from './socket-options.js'

/** Socket options that servers and clients do not have. All are off by default. */
export interface NativeEngineOptions {
  /**
   * TCP: how long sent data may wait for the peer's acknowledgement, or for room on its side, in ms. After that the
   * connection fails with `ETIMEDOUT` (TCP_USER_TIMEOUT, tcp(7)). Default: as long as the system tries, about 15
   * minutes.
   */
  tcpUserTimeout?: number | undefined
  /**
   * TCP servers: accept a peer only when it has sent data, or after this time in ms, which the system rounds up to
   * one of its retransmissions (TCP_DEFER_ACCEPT, tcp(7)). Default: accept at once.
   */
  tcpDeferAccept?: number | undefined
  /**
   * TCP servers: how many peers may send data with their first packet and wait to be accepted. TCP clients: send data
   * that way to a server they know (TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, tcp(7)). A server needs
   * `net.ipv4.tcp_fastopen` to be 3. Default: off.
   */
  tcpFastOpen?: number | undefined
  /**
   * How many microseconds the system may poll the network card before it sleeps (SO_BUSY_POLL, socket(7)). More than
   * the system's default needs CAP_NET_ADMIN. Default: the value of `net.core.busy_read`, normally 0.
   */
  busyPoll?: number | undefined
  /**
   * tcp and unix: read into the memory of a chunk again, once the handler is done with it. A chunk is then valid
   * until `data` returns, or until its promise settles; with `for await` until the next turn of the loop; with
   * `read()` until the next `read()`. You may pass it to `write()` without waiting. Copy what you keep beyond that:
   * `Buffer.from(chunk)`. Chunks of `connection.stream` are always yours. Default: false.
   */
  reuseChunks?: boolean | undefined
  /**
   * Datagrams: how many microseconds the engine polls for more of them before it sleeps, 0 to 1,000. It never polls
   * longer than it has just worked, stops while polling finds nothing, and does not poll if the process may use only
   * one processor. Polling takes processor time from other programs, and delays timers and other sockets by up to a
   * millisecond. Default: 0, off.
   */
  datagramSpin?: number | undefined
  /**
   * Unix datagrams: report the process that sent each (`datagram.peerCredentials`, `channel.peerCredentials`;
   * SO_PASSCRED, unix(7)). Default: false.
   */
  credentials?: boolean | undefined
  /**
   * Unix datagrams: let the system choose an abstract name for clients (unix(7)), so that they need no file in a
   * temporary folder. A server in another network namespace, such as another container, cannot answer to such a name.
   * Default: false.
   */
  autobind?: boolean | undefined
}

const MAX_INT = 2 ** 31 - 1
/** In microseconds: a turn ends after 1 ms, however long the engine might poll. */
const MAX_SPIN = 1000

/** How a silent peer is probed, as Node's engine does it: each second, ten times (uv_tcp_keepalive(), libuv). */
const PROBE_INTERVAL = 1
const PROBES = 10

const checks = {
  tcpUserTimeout: check.milliseconds(undefined, 1),
  tcpDeferAccept: check.milliseconds(undefined, 1),
  tcpFastOpen: check.integer(undefined, 1, MAX_INT),
  busyPoll: check.integer(undefined, 1, MAX_INT),
  reuseChunks: check.boolean(false),
  datagramSpin: check.integer(0, 0, MAX_SPIN),
  credentials: check.boolean(false),
  autobind: check.boolean(false),
} satisfies Checks<NativeEngineOptions>

export type EngineSettings = Checked<typeof checks>

/** Checks the options of an engine. @throws TypeError or RangeError */
export function checkEngineOptions(options: NativeEngineOptions | undefined): EngineSettings {
  return checkOptions('createEngine options', options, checks)
}

/** Returns the options of a listener: those of its accepted sockets, and some of its own. */
export function listenerOptions(
  settings: EngineSettings,
  endpoint: StreamEndpoint,
  sockets: StreamSocketOptions,
): SocketOptions {
  const options = connectionOptions(settings, endpoint, sockets)
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
  const options = connectionOptions(settings, endpoint, sockets)
  if (endpoint.kind === 'ip' && settings.tcpFastOpen !== undefined) options.fastOpenConnect = 1
  return options
}

/** Returns the options of a connection. Accepted sockets inherit them from their listener. */
export function connectionOptions(
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
    options.keepAliveInterval = PROBE_INTERVAL
    options.keepAliveProbes = PROBES
  }
  return options
}

/** Returns a time in seconds, as TCP needs it. None of its times may be 0. */
function seconds(time: number): number {
  return Math.max(1, Math.round(time / 1000))
}

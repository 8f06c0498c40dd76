import type { DatagramEngine, Engine } from '@sock/core'
import type { StreamEndpoint, StreamSocketOptions } from '@sock/core/stream'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { SocketOptions } from './addon.js'
import { createDatagrams } from './datagrams.js'
import { dialIp, dialPath } from './dial.js'
import { loadAddon } from './load.js'
import { Loop } from './loop.js'
import { acceptedNames, dialledNames, ipName, ipNames } from './names.js'
import { NativeListener } from './native-listener.js'
import { NativeStreamPort, type Names } from './native-port.js'
import { systemError } from './system-error.js'

/** An engine that may be missing on this system. */
export interface NativeEngine extends Engine, DatagramEngine {
  /** Whether it can be used here; where it cannot, everything rejects with `ERR_SOCK_NATIVE_UNAVAILABLE`, which says why. */
  readonly available: boolean
}

/** As many as this may wait to be accepted where nothing else is said: the same as with Node. */
const DEFAULT_BACKLOG = 511
const ALL_IPV6 = '::'
const ALL_IPV4 = '0.0.0.0'

const loaded = loadAddon()
const loop = 'addon' in loaded ? new Loop(loaded.addon) : undefined

/** @throws SockError `ERR_SOCK_NATIVE_UNAVAILABLE` */
function usable(): Loop {
  if (loop === undefined) throw (loaded as { error: Error }).error
  return loop
}

/** Sockets of the system, read and written in batches. Linux only. */
export const engine: NativeEngine = {
  name: 'native',
  available: loop !== undefined,
  canReusePort: true,
  ...createDatagrams(usable, { credentials: false }),

  async listenStream(endpoint, options, sink) {
    const used = usable()
    const slot = await openListener(used, endpoint, options)
    const names = endpoint.kind === 'path' ? acceptedNames(endpoint.address) : ipNames
    const address = endpoint.kind === 'path' ? endpoint.address : ipName(used, slot, false)
    if (address === undefined) {
      used.close(slot)
      throw new Error('Socket has no address')
    }
    return new NativeListener(
      used,
      slot,
      { address, names, backlog: options.backlog ?? DEFAULT_BACKLOG },
      sink,
    )
  },

  async connectStream(endpoint, options, signal) {
    const used = usable()
    signal?.throwIfAborted()
    const [slot, names] = await dial(used, endpoint, options, signal)
    return new NativeStreamPort(used, slot, names)
  },
}

async function dial(
  used: Loop,
  endpoint: StreamEndpoint,
  options: StreamSocketOptions,
  signal: AbortSignal | undefined,
): Promise<[slot: number, names: Names]> {
  if (endpoint.kind === 'path') {
    const names = dialledNames(endpoint.address)
    return [await dialPath(used, {}, endpoint.path, signal), names]
  }
  const { host = 'localhost', port } = endpoint
  return [await dialIp(used, tcpOptions(options), host, port, signal), ipNames]
}

async function openListener(
  used: Loop,
  endpoint: StreamEndpoint,
  options: StreamSocketOptions,
): Promise<number> {
  const { addon } = used
  const backlog = options.backlog ?? DEFAULT_BACKLOG
  if (endpoint.kind === 'path') {
    const slot = addon.listenPath({}, backlog, Buffer.from(endpoint.path))
    return opened(slot, endpoint.path)
  }
  const { ipv6Only = false, reusePort = false, port } = endpoint
  const listen = (host: string): number =>
    addon.listenIp(tcpOptions(options), backlog, host, port, ipv6Only, reusePort)
  if (endpoint.host !== undefined) {
    const host = await addressOf(endpoint.host)
    return opened(listen(host), host, port)
  }
  // All addresses: IPv6 with IPv4 in it, or IPv4 where there is no IPv6.
  const slot = listen(ALL_IPV6)
  if (slot >= 0) return slot
  const other = listen(ALL_IPV4)
  return other >= 0 ? other : opened(slot, ALL_IPV6, port)
}

async function addressOf(host: string): Promise<string> {
  return isIP(host) === 0 ? (await lookup(host)).address : host
}

function opened(slot: number, address: string, port?: number): number {
  if (slot >= 0) return slot
  throw systemError(-slot, 'listen', port === undefined ? { address } : { address, port })
}

/** Seconds are what TCP_KEEPIDLE counts (tcp(7)). */
function tcpOptions({ noDelay = false, keepAlive = 0 }: StreamSocketOptions): SocketOptions {
  return {
    ...(noDelay ? { noDelay: 1 } : {}),
    ...(keepAlive > 0 ? { keepAlive: 1, keepAliveIdle: Math.max(1, Math.round(keepAlive / 1000)) } : {}),
  }
}

import type { StreamEngine } from '@sock/core'
import type { StreamEndpoint, StreamListenOptions } from '@sock/core/stream'
import { atCaller, checkNetwork, lookUp } from '@sock/core/transport'
import { createDatagrams } from './datagrams.js'
import { dialIp, dialPath } from './dial.js'
import { loadAddon } from './load.js'
import { Loop } from './loop.js'
import {
  checkEngineOptions,
  clientOptions,
  connectionOptions,
  listenerOptions,
  type EngineSettings,
  type NativeEngineOptions,
} from './engine-options.js'
import { acceptedNames, dialledNames, ipName, ipNames, UNSPECIFIED, type Names } from './names.js'
import type { NativeDatagramEngine } from './datagram-engine.js'
import { NativeListener } from './native-listener.js'
import { NativeStreamPort } from './native-port.js'
import type { NativeSocket } from './native-socket.js'
import type { SocketOptions } from './socket-options.js'
import { systemError } from './system-error.js'

/** The native engine. It may be missing on this system. */
export interface NativeEngine extends StreamEngine<NativeSocket>, NativeDatagramEngine {
  /** It supports `reusePort` on every version of Node. */
  readonly canReusePort: true
  /** Whether it can be used here. If not, everything rejects with `ERR_SOCK_NATIVE_UNAVAILABLE`, which says why. */
  readonly available: boolean
}

const ALL_IPV6 = '::'
const ALL_IPV4 = '0.0.0.0'

const loaded = loadAddon()
/** Shared by all engines that this copy of the package creates in this thread. */
const loop = 'addon' in loaded ? new Loop(loaded.addon, loaded.isChecked) : undefined

/**
 * Returns the loop. @throws SockError `ERR_SOCK_NATIVE_UNAVAILABLE`, a new one for each call, since it gets the
 * caller's stack; Error `ERR_ACCESS_DENIED`
 */
function usable(): Loop {
  if (loop === undefined) throw (loaded as { error: () => Error }).error()
  checkNetwork()
  return loop
}

/**
 * Returns an engine that sets additional options on its sockets. If the system refuses one, listening or connecting
 * rejects with the system's error.
 *
 * @throws TypeError or RangeError, which name the option and the value
 */
export function createEngine(options?: NativeEngineOptions): NativeEngine {
  const settings = atCaller(createEngine, () => checkEngineOptions(options))
  return {
    name: 'native',
    available: loop !== undefined,
    canReusePort: true,
    ...createDatagrams(usable, settings),

    async listenStream(wanted, sockets, sink, signal) {
      const used = usable()
      const endpoint = await withAddress(wanted, signal)
      const slot = openListener(used, endpoint, sockets, listenerOptions(settings, endpoint, sockets))
      const names = endpoint.kind === 'path' ? acceptedNames(endpoint.address) : ipNames
      const address = endpoint.kind === 'path' ? endpoint.address : (ipName(used, slot, false) ?? UNSPECIFIED)
      const inherited = connectionOptions(settings, endpoint, sockets)
      return new NativeListener(used, slot, address, names, sink, inherited, settings.reuseChunks)
    },

    async connectStream(endpoint, sockets, signal) {
      const used = usable()
      signal?.throwIfAborted()
      const wanted = clientOptions(settings, endpoint, sockets)
      if (endpoint.kind === 'path') {
        const slot = await dialPath(used, wanted, endpoint.path, signal)
        return connected(used, slot, dialledNames(endpoint.address), settings)
      }
      const slot = await dialIp(used, wanted, endpoint.host ?? 'localhost', endpoint.port, signal)
      return connected(used, slot, ipNames, settings)
    },
  }
}

/** The native engine with default options: sockets that are read and written in batches. Linux only. */
export const engine: NativeEngine = createEngine()

function connected(
  used: Loop,
  slot: number,
  names: Names,
  { reuseChunks }: EngineSettings,
): NativeStreamPort {
  const port = new NativeStreamPort(used, slot, names)
  if (reuseChunks) port.reuseChunks()
  return port
}

function openListener(
  used: Loop,
  endpoint: StreamEndpoint,
  { backlog }: StreamListenOptions,
  options: SocketOptions,
): number {
  const { addon } = used
  if (endpoint.kind === 'path') {
    const slot = addon.listenPath(options, backlog, Buffer.from(endpoint.path))
    return opened(slot, endpoint.path)
  }
  const { ipv6Only = false, reusePort = false, port } = endpoint
  const listen = (host: string): number => addon.listenIp(options, backlog, host, port, ipv6Only, reusePort)
  if (endpoint.host !== undefined) return opened(listen(endpoint.host), endpoint.host, port)
  // All addresses: IPv6 including IPv4, or IPv4 if there is no IPv6.
  const slot = listen(ALL_IPV6)
  if (slot >= 0) return slot
  const other = listen(ALL_IPV4)
  return other >= 0 ? other : opened(slot, ALL_IPV6, port)
}

/** Replaces a host name by its first address. */
async function withAddress(
  endpoint: StreamEndpoint,
  signal: AbortSignal | undefined,
): Promise<StreamEndpoint> {
  if (endpoint.kind === 'path' || endpoint.host === undefined) return endpoint
  const [host] = await lookUp(endpoint.host, signal)
  return { ...endpoint, host }
}

function opened(slot: number, address: string, port?: number): number {
  if (slot >= 0) return slot
  throw systemError(-slot, 'listen', port === undefined ? { address } : { address, port })
}

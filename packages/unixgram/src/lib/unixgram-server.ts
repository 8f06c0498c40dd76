import type {
  DatagramChannel,
  DatagramHandler,
  DatagramServerOptions,
  DatagramServerStats,
  Server,
  UnixAddress,
  UnixTarget,
} from '@sock/core'
import {
  bindSocketFile,
  checkOptions,
  createDatagramServer,
  datagramServerChecks,
  parseUnixTarget,
  type DatagramPort,
  type UnixEndpoint,
} from '@sock/core/datagram'
import { noAbstractNames } from './abstract-names.js'
import { NativeSocket } from './native.js'
import { UnixgramPort, type UnixgramSocket } from './unixgram-port.js'

/** Options of {@link createUnixgramServer}. */
export interface UnixgramServerOptions extends DatagramServerOptions<UnixgramSocket> {}

/** What {@link createUnixgramServer} makes. `listen` takes a path, parts, or an address. */
export type UnixgramServer = Server<
  string | UnixTarget | UnixAddress,
  UnixAddress,
  DatagramServerStats,
  DatagramChannel
>

/**
 * Makes a server for Unix datagrams. It listens on a path, whose file appears with `mode` (default 0o600), never replaces
 * anything but a dead socket, and is removed at the end if it is still ours.
 *
 * Messages may have 65,535 bytes. Longer ones are cut at 65,536 and marked `truncated`, and so is one of exactly that
 * length, which cannot be told from them.
 *
 * `listen` rejects with `ERR_SOCK_NATIVE_UNAVAILABLE` if unix-dgram was not built.
 *
 * @throws TypeError or RangeError, which name the option and the value
 */
export function createUnixgramServer(
  handler: DatagramHandler,
  options?: UnixgramServerOptions,
): UnixgramServer {
  const settings = checkOptions('createUnixgramServer options', options, datagramServerChecks)
  const binding = {
    transport: 'unixgram',
    parse,
    open: async (endpoint: UnixEndpoint) => listen(endpoint),
  } as const
  return createDatagramServer<string | UnixTarget | UnixAddress, UnixAddress, UnixEndpoint>(
    binding,
    handler,
    settings,
  )
}

function parse(target: string | UnixTarget | UnixAddress): UnixEndpoint {
  const endpoint = parseUnixTarget(target)
  if (endpoint.isAbstract) throw noAbstractNames(endpoint.address.path)
  return endpoint
}

function listen(endpoint: UnixEndpoint): DatagramPort {
  const port = new UnixgramPort()
  try {
    const { name, file } = bindSocketFile(endpoint, {
      bind: (path) => port.socket.bind(path),
      probe,
    })
    port.bound(name, () => file.remove())
    return port
  } catch (error) {
    port.close()
    throw error
  }
}

/** Tries whether a socket is alive, which its owner does not notice. */
function probe(path: string): NodeJS.ErrnoException | undefined {
  const ignore = (): void => undefined
  const socket = new NativeSocket({ received: ignore, writable: ignore, failed: ignore, closed: ignore })
  try {
    socket.connect(path)
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  } finally {
    socket.close()
  }
}

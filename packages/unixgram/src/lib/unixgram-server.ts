import type { DatagramServer, DatagramServerOptions, UnixAddress, UnixTarget } from '@sock/core'
import { createDatagramServer, datagramServerChecks, type DatagramPort } from '@sock/core/datagram'
import {
  atCaller,
  bindSocketFile,
  checkServerOptions,
  parseUnixTarget,
  UNIX_TARGET_KEYS,
  type Checks,
  type UnixEndpoint,
} from '@sock/core/transport'
import { noAbstractNames } from './abstract-names.js'
import { createNamedPort, type UnixgramSocket } from './named-port.js'
import { unixDgramEngine } from './unix-dgram-port.js'
import type { UnixgramChannel, UnixgramHandler } from './unixgram-channel.js'
import { unixgramEngine, type UnixgramEngine, type UnixgramPort } from './unixgram-engine.js'

/** Options of {@link createUnixgramServer}. */
export interface UnixgramServerOptions<
  EngineSocket = UnixgramSocket,
> extends DatagramServerOptions<EngineSocket> {
  /** The engine, which moves the datagrams, such as that of `@sock/native`. Default: `unix-dgram`. */
  engine?: UnixgramEngine<EngineSocket> | undefined
}

const checks = { ...datagramServerChecks, engine: unixgramEngine } satisfies Checks<
  UnixgramServerOptions<unknown>
>

/** A Unix datagram server. `listen` takes a path, the parts as an object, or an address. */
export interface UnixgramServer<Data = unknown> extends DatagramServer<
  string | UnixTarget | UnixAddress,
  UnixAddress,
  UnixgramChannel<Data>
> {}

/**
 * Returns a server for Unix datagrams, which listens on a path. The socket file has `mode` (default 0o600) from the
 * beginning, replaces only a dead socket, and is removed at the end if it still belongs to the server.
 *
 * A message may have 65,535 bytes. Longer ones are cut at 65,536 bytes and marked `truncated`. So is a message of
 * exactly that length, since it looks the same.
 *
 * Without the option `engine`, this loads unix-dgram, so that the process may change its user (`setuid`) before it
 * listens. If it is missing or was not built, `listen` rejects with `ERR_SOCK_NATIVE_UNAVAILABLE`.
 *
 * @typeParam Data the type of `channel.data`, which your program sets
 * @typeParam EngineSocket the argument of `configure`; it follows from `options.engine`
 * @param handler an async function that serves the socket, for all senders, or an object of callbacks
 * @param options sizes of queues, engine and more; each has a default
 * @throws TypeError or RangeError, which name the option and the value
 * @example
 * ```ts
 * import { createUnixgramServer } from '@sock/unixgram'
 *
 * const server = createUnixgramServer({
 *   data: (channel, message) => channel.write(message),
 * })
 * await server.listen('/run/app.dgram')
 * ```
 */
export function createUnixgramServer<Data = unknown, EngineSocket = UnixgramSocket>(
  handler: UnixgramHandler<Data>,
  options?: UnixgramServerOptions<EngineSocket>,
): UnixgramServer<Data> {
  return atCaller(createUnixgramServer, () => {
    const settings = checkServerOptions('createUnixgramServer', handler, options, checks, UNIX_TARGET_KEYS)
    const engine = settings.engine ?? unixDgramEngine()
    const binding = {
      transport: 'unixgram',
      parse: (target: string | UnixTarget | UnixAddress) => {
        const endpoint = parseUnixTarget(target)
        if (endpoint.isAbstract && settings.engine === undefined) throw noAbstractNames(endpoint.address.path)
        return endpoint
      },
      open: async (endpoint: UnixEndpoint) => listen(endpoint, engine),
    } as const
    return createDatagramServer<
      string | UnixTarget | UnixAddress,
      UnixAddress,
      UnixEndpoint,
      UnixgramChannel<Data>
    >(binding, handler, settings)
  })
}

function listen(endpoint: UnixEndpoint, engine: Pick<UnixgramEngine, 'openUnixgram'>): DatagramPort {
  const port = engine.openUnixgram()
  try {
    if (endpoint.isAbstract) {
      port.bind(endpoint.path)
      return createNamedPort(port, { removeFiles: () => undefined })
    }
    const file = bindSocketFile(endpoint, {
      bind: (path) => port.bind(path),
      descriptor: (port.socket as Partial<UnixgramSocket> | undefined)?.fd,
      probe: (path) => probe(engine.openUnixgram(), path),
    })
    return createNamedPort(port, { removeFiles: () => file.remove() })
  } catch (error) {
    port.close()
    throw error
  }
}

/** Connects to a socket to see whether it is in use; its owner does not notice. @returns why it failed */
function probe(port: UnixgramPort, path: string): NodeJS.ErrnoException | undefined {
  try {
    port.connect(path)
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  } finally {
    port.close()
  }
}

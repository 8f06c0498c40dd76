import type { DatagramServer, DatagramServerOptions, UnixAddress, UnixTarget } from '@sock/core'
import { createDatagramServer, datagramServerChecks, type DatagramPort } from '@sock/core/datagram'
import {
  atCaller,
  bindSocketFile,
  checkServerOptions,
  parseUnixTarget,
  type Checks,
  type UnixEndpoint,
} from '@sock/core/transport'
import { noAbstractNames } from './abstract-names.js'
import { createNamedPort, type UnixgramSocket } from './named-port.js'
import { openUnixDgram } from './unix-dgram-port.js'
import type { UnixgramChannel, UnixgramHandler } from './unixgram-channel.js'
import { unixgramEngine, type UnixgramEngine, type UnixgramPort } from './unixgram-engine.js'

/** Options of {@link createUnixgramServer}. */
export interface UnixgramServerOptions<
  EngineSocket = UnixgramSocket,
> extends DatagramServerOptions<EngineSocket> {
  /** What moves the datagrams, like that of `@sock/native`. Default: `unix-dgram`. */
  engine?: UnixgramEngine<EngineSocket> | undefined
}

const checks = { ...datagramServerChecks, engine: unixgramEngine } satisfies Checks<
  UnixgramServerOptions<unknown>
>

/** What {@link createUnixgramServer} makes. `listen` takes a path, parts, or an address. */
export interface UnixgramServer<Data = unknown> extends DatagramServer<
  string | UnixTarget | UnixAddress,
  UnixAddress,
  UnixgramChannel<Data>
> {}

/**
 * Makes a server for Unix datagrams. It listens on a path, whose file appears with `mode` (default 0o600), never replaces
 * anything but a dead socket, and is removed at the end if it is still ours.
 *
 * Messages may have 65,535 bytes. Longer ones are cut at 65,536 and marked `truncated`, and so is one of exactly that
 * length, which cannot be told from them.
 *
 * `listen` rejects with `ERR_SOCK_NATIVE_UNAVAILABLE` if unix-dgram is not there or was not built. With an engine it is not looked for.
 *
 * @typeParam Data what your program keeps in `channel.data`
 * @typeParam EngineSocket what `configure` gets; it follows from `options.engine`
 * @throws TypeError or RangeError, which name the option and the value
 */
export function createUnixgramServer<Data = unknown, EngineSocket = UnixgramSocket>(
  handler: UnixgramHandler<Data>,
  options?: UnixgramServerOptions<EngineSocket>,
): UnixgramServer<Data> {
  return atCaller(createUnixgramServer, () => {
    const settings = checkServerOptions('createUnixgramServer', handler, options, checks)
    const binding = {
      transport: 'unixgram',
      parse: (target: string | UnixTarget | UnixAddress) => {
        const endpoint = parseUnixTarget(target)
        if (endpoint.isAbstract && settings.engine === undefined) throw noAbstractNames(endpoint.address.path)
        return endpoint
      },
      open: async (endpoint: UnixEndpoint) => listen(endpoint, settings.engine),
    } as const
    return createDatagramServer<
      string | UnixTarget | UnixAddress,
      UnixAddress,
      UnixEndpoint,
      UnixgramChannel<Data>
    >(binding, handler, settings)
  })
}

function listen(
  endpoint: UnixEndpoint,
  engine: Pick<UnixgramEngine, 'openUnixgram'> = { openUnixgram: openUnixDgram },
): DatagramPort {
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

/** Tries whether a socket is alive, which its owner does not notice. */
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

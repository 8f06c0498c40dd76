import type { DatagramClientOptions, UnixAddress, UnixTarget } from '@sock/core'
import { connectDatagram, datagramClientChecks, type DatagramPort } from '@sock/core/datagram'
import { bindable, checkOptions, connectAtCaller, parseUnixPath, type Checks } from '@sock/core/transport'
import { noAbstractNames } from './abstract-names.js'
import { createNamedPort, type Naming, type UnixgramSocket } from './named-port.js'
import { createPrivateName } from './private-name.js'
import { unixDgramEngine } from './unix-dgram-port.js'
import type { UnixgramChannel } from './unixgram-channel.js'
import { unixgramEngine, type UnixgramEngine, type UnixgramPort } from './unixgram-engine.js'

/** Options of {@link connectUnixgram}. */
export interface UnixgramClientOptions<
  EngineSocket = UnixgramSocket,
> extends DatagramClientOptions<EngineSocket> {
  /** The engine, which moves the datagrams, such as that of `@sock/native`. Default: `unix-dgram`. */
  engine?: UnixgramEngine<EngineSocket> | undefined
}

const checks = { ...datagramClientChecks, engine: unixgramEngine } satisfies Checks<
  UnixgramClientOptions<unknown>
>

/**
 * Opens a Unix datagram socket that talks to one server and receives from no other address (connect(2)). To receive
 * replies it gets a name in a new folder of `os.tmpdir()`; `close()` removes both. After a restart of the server, the
 * next `write()` connects to it again.
 *
 * A received message may have 65,535 bytes, as on a server.
 *
 * Without the option `engine`, the first call loads unix-dgram.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS`, `ERR_SOCK_PATH_TOO_LONG` or `ERR_SOCK_NATIVE_UNAVAILABLE`, a system error
 * (`ENOENT`, `ECONNREFUSED`, `EACCES`, `EPROTOTYPE` for a stream socket…), or the signal's reason.
 *
 * @typeParam Data the type of `channel.data`, which your program sets
 * @typeParam EngineSocket the argument of `configure`; it follows from `options.engine`
 * @param target a path, or the address that `listen` resolved with
 * @param options sizes of queues, a signal and more; each has a default
 * @example
 * ```ts
 * import { exchange } from '@sock/core'
 * import { connectUnixgram } from '@sock/unixgram'
 *
 * const channel = await connectUnixgram('/run/app.dgram')
 * const signal = AbortSignal.timeout(1_000)
 * console.log(String(await exchange(channel, 'hello', { signal })))
 * ```
 */
export function connectUnixgram<Data = unknown, EngineSocket = UnixgramSocket>(
  target: string | Pick<UnixTarget, 'path'> | UnixAddress,
  options?: UnixgramClientOptions<EngineSocket>,
): Promise<UnixgramChannel<Data>> {
  return connectAtCaller(connectUnixgram, { transport: 'unixgram', target }, (caller) => {
    const settings = checkOptions('connectUnixgram options', options, checks)
    const { path, address, isAbstract } = parseUnixPath(target)
    if (isAbstract && settings.engine === undefined) throw noAbstractNames(address.path)
    const engine = settings.engine ?? unixDgramEngine()
    const name = isAbstract ? path : bindable(path)
    const dial = async (): Promise<DatagramPort> =>
      connect({ name, path: isAbstract ? address.path : name }, engine)
    const how = { ...settings, transport: 'unixgram', caller, dial } as const
    return connectDatagram<UnixgramChannel<Data>>(how, address)
  })
}

type Peer = NonNullable<Naming['peer']>

function connect(peer: Peer, engine: Pick<UnixgramEngine, 'openUnixgram' | 'autobind'>): DatagramPort {
  const port = engine.openUnixgram()
  try {
    return engine.autobind === true ? connectAutobound(port, peer) : connectNamed(port, peer)
  } catch (error) {
    port.close()
    throw error
  }
}

function connectNamed(port: UnixgramPort, peer: Peer): DatagramPort {
  const name = createPrivateName()
  try {
    port.bind(name.path)
    port.connect(peer.name)
    name.open()
    return createNamedPort(port, { peer, removeFiles: () => name.remove() })
  } catch (error) {
    name.remove()
    throw error
  }
}

/** Connects first, then binds: any process may send to an abstract name, but not to a socket that has a peer. */
function connectAutobound(port: UnixgramPort, peer: Peer): DatagramPort {
  port.connect(peer.name)
  port.bind('')
  return createNamedPort(port, { peer, removeFiles: () => undefined })
}

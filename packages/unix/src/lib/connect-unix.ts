import type { StreamClientOptions, UnixAddress, UnixTarget } from '@sock/core'
import { streamClientChecks, connectStream } from '@sock/core/stream'
import { checkOptions, parseUnixPath } from '@sock/core/transport'
import type { Socket } from 'node:net'
import type { UnixConnection } from './unix-connection.js'

/** Options of {@link connectUnix}. */
export interface UnixClientOptions<EngineSocket = Socket> extends StreamClientOptions<EngineSocket> {}

/**
 * Connects to a Unix stream socket: a path, or `@name` for an abstract name.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS` or `ERR_SOCK_PATH_TOO_LONG`, a system error (`ENOENT`, `ECONNREFUSED`, `EACCES`…),
 * or the signal's reason.
 */
export async function connectUnix<Data = unknown, EngineSocket = Socket>(
  target: string | Pick<UnixTarget, 'path'> | UnixAddress,
  options?: UnixClientOptions<EngineSocket>,
): Promise<UnixConnection<Data>> {
  const settings = checkOptions('connectUnix options', options, streamClientChecks)
  const { path, address } = parseUnixPath(target)
  return connectStream<UnixConnection<Data>>({
    ...settings,
    transport: 'unix',
    remote: address,
    dial: () => settings.engine.connectStream({ kind: 'path', path, address }, settings, settings.signal),
  })
}

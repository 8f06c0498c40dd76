import type { Connection, StreamClientOptions, UnixAddress, UnixTarget } from '@sock/core'
import { checkOptions, clientChecks, connectStream, parseUnixPath } from '@sock/core/stream'

/** Options of {@link connectUnix}. */
export type UnixClientOptions = StreamClientOptions

/**
 * Connects to a Unix stream socket: a path, or `@name` for an abstract name.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS` or `ERR_SOCK_PATH_TOO_LONG`, a system error (`ENOENT`, `ECONNREFUSED`, `EACCES`…),
 * or the signal's reason.
 */
export async function connectUnix(
  target: string | Pick<UnixTarget, 'path'> | UnixAddress,
  options?: UnixClientOptions,
): Promise<Connection> {
  const settings = checkOptions('connectUnix options', options, clientChecks)
  const { path, address } = parseUnixPath(target)
  return connectStream({
    ...settings,
    transport: 'unix',
    remote: address,
    dial: () => settings.engine.connectStream({ kind: 'path', path, address }, settings, settings.signal),
  })
}

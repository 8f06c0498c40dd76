import type { StreamClientOptions, UnixAddress, UnixTarget } from '@sock/core'
import { streamClientChecks, connectStream } from '@sock/core/stream'
import { checkOptions, connectAtCaller, parseUnixPath } from '@sock/core/transport'
import type { Socket } from 'node:net'
import type { UnixConnection } from './unix-connection.js'

/** Options of {@link connectUnix}. */
export interface UnixClientOptions<EngineSocket = Socket> extends StreamClientOptions<EngineSocket> {}

/**
 * Connects to a Unix stream socket: a path, or `@name` for an abstract name. Resolves when connected.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS` or `ERR_SOCK_PATH_TOO_LONG`, a system error (`ENOENT`, `ECONNREFUSED`,
 * `EACCES`…), or the signal's reason.
 *
 * @param target a path, `@name`, or the address that `listen` resolved with
 * @param options time-outs, a signal and more; each has a default
 * @example
 * ```ts
 * import { connectUnix } from '@sock/unix'
 *
 * const connection = await connectUnix('/run/app.sock')
 * await connection.write('hello')
 * console.log(String(await connection.read()))
 * await connection.close()
 * ```
 */
export function connectUnix<Data = unknown, EngineSocket = Socket>(
  target: string | Pick<UnixTarget, 'path'> | UnixAddress,
  options?: UnixClientOptions<EngineSocket>,
): Promise<UnixConnection<Data>> {
  return connectAtCaller(connectUnix, { transport: 'unix', target }, (caller) => {
    const settings = checkOptions('connectUnix options', options, streamClientChecks)
    const { path, address } = parseUnixPath(target)
    return connectStream<UnixConnection<Data>>({
      ...settings,
      transport: 'unix',
      remote: address,
      caller,
      dial: () => settings.engine.connectStream({ kind: 'path', path, address }, settings, settings.signal),
    })
  })
}

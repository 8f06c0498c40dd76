import type { StreamServer, StreamServerOptions, UnixAddress, UnixTarget, StreamEngine } from '@sock/core'
import {
  createStreamServer,
  streamServerChecks,
  type StreamListener,
  type StreamListenerSink,
  type StreamListenOptions,
} from '@sock/core/stream'
import {
  atCaller,
  checkServerOptions,
  createSocketFile,
  parseUnixTarget,
  UNIX_TARGET_KEYS,
  type UnixEndpoint,
} from '@sock/core/transport'
import type { Socket } from 'node:net'
import type { UnixConnection, UnixHandler } from './unix-connection.js'

/** Options of {@link createUnixServer}. */
export interface UnixServerOptions<EngineSocket = Socket> extends StreamServerOptions<EngineSocket> {}

/** A Unix stream server. `listen` takes a path, `'@name'`, the parts as an object, or an address. */
export interface UnixServer<Data = unknown> extends StreamServer<
  string | UnixTarget | UnixAddress,
  UnixAddress,
  UnixConnection<Data>
> {}

/**
 * Returns a server for Unix stream sockets. It listens on a path, or on `@name`, a name in Linux's abstract namespace
 * (unix(7)). The socket file has `mode` (default 0o600) from the beginning, replaces only a dead socket, and is
 * removed at the end if it still belongs to the server.
 *
 * @typeParam Data the type of `connection.data`, which your program sets
 * @typeParam EngineSocket the argument of `configure`; it follows from `options.engine`
 * @param handler an async function that serves one connection, or an object of callbacks
 * @param options limits, time-outs, engine and more; each has a default
 * @throws TypeError or RangeError, which name the option and the value
 * @example
 * ```ts
 * import { createUnixServer } from '@sock/unix'
 *
 * const server = createUnixServer(async (connection) => {
 *   for await (const chunk of connection) await connection.write(chunk)
 * })
 * await server.listen({ path: '/run/app.sock', mode: 0o660 })
 * ```
 */
export function createUnixServer<Data = unknown, EngineSocket = Socket>(
  handler: UnixHandler<Data>,
  options?: UnixServerOptions<EngineSocket>,
): UnixServer<Data> {
  return atCaller(createUnixServer, () => {
    const settings = checkServerOptions(
      'createUnixServer',
      handler,
      options,
      streamServerChecks,
      UNIX_TARGET_KEYS,
    )
    const binding = {
      transport: 'unix',
      secure: false,
      parse: parseUnixTarget,
      open: (endpoint: UnixEndpoint, sink: StreamListenerSink) =>
        listen(settings.engine, endpoint, settings, sink),
    } as const
    return createStreamServer<
      string | UnixTarget | UnixAddress,
      UnixAddress,
      UnixEndpoint,
      UnixConnection<Data>
    >(binding, handler, settings)
  })
}

async function listen(
  engine: StreamEngine,
  endpoint: UnixEndpoint,
  options: StreamListenOptions,
  sink: StreamListenerSink,
): Promise<StreamListener<UnixAddress>> {
  const { address } = endpoint
  const bind = (path: string) => engine.listenStream({ kind: 'path', path, address }, options, sink)
  const { listener, file } = endpoint.isAbstract
    ? { listener: await bind(endpoint.path), file: undefined }
    : await createSocketFile(endpoint, bind)

  // Without its file no new client finds the socket, while clients in its accept queue are still served.
  const removeFile = (): void => {
    try {
      file?.remove()
    } catch (error) {
      // A process that has dropped privileges must still be able to stop.
      sink.failed(error as Error)
    }
  }
  return {
    address,
    removeName: removeFile,
    close() {
      removeFile()
      return listener.close()
    },
    ref: listener.ref?.bind(listener),
    unref: listener.unref?.bind(listener),
  }
}

import type { Server, StreamHandler, StreamServerOptions, UnixAddress, UnixTarget } from '@sock/core'
import {
  checkServerOptions,
  createSocketFile,
  createStreamServer,
  parseUnixTarget,
  serverChecks,
  type Engine,
  type StreamListener,
  type StreamListenerSink,
  type StreamSocketOptions,
  type UnixEndpoint,
} from '@sock/core/stream'

/** Options of {@link createUnixServer}. */
export type UnixServerOptions = StreamServerOptions
/** What {@link createUnixServer} makes. `listen` takes a path, `'@name'`, parts, or an address. */
export type UnixServer = Server<string | UnixTarget | UnixAddress, UnixAddress>

/**
 * Makes a server for Unix stream sockets. It listens on a path, whose file appears with `mode` (default 0o600), never
 * replaces anything but a dead socket, and is removed at the end if it is still ours; or on `@name`, a name in Linux's
 * abstract namespace (unix(7)).
 *
 * @throws TypeError or RangeError, which name the option and the value
 */
export function createUnixServer(handler: StreamHandler, options?: UnixServerOptions): UnixServer {
  const settings = checkServerOptions('createUnixServer', handler, options, serverChecks)
  const binding = {
    transport: 'unix',
    secure: false,
    parse: parseUnixTarget,
    open: (endpoint: UnixEndpoint, sink: StreamListenerSink) =>
      listen(settings.engine, endpoint, settings, sink),
  } as const
  return createStreamServer<string | UnixTarget | UnixAddress, UnixAddress, UnixEndpoint>(
    binding,
    handler,
    settings,
  )
}

async function listen(
  engine: Engine,
  endpoint: UnixEndpoint,
  options: StreamSocketOptions,
  sink: StreamListenerSink,
): Promise<StreamListener<UnixAddress>> {
  const { address } = endpoint
  const bind = (path: string) => engine.listenStream({ kind: 'path', path, address }, options, sink)
  const { listener, file } = endpoint.isAbstract
    ? { listener: await bind(endpoint.path), file: undefined }
    : await createSocketFile(endpoint, bind)

  // Without its name nobody new finds the socket, while those who wait in its queue are still served.
  const removeFile = (): void => {
    try {
      file?.remove()
    } catch (error) {
      // A process that has given up its rights since must be able to stop all the same.
      sink.failed(error as Error)
    }
  }
  return {
    address,
    drain() {
      removeFile()
      return listener.drain()
    },
    close() {
      removeFile()
      return listener.close()
    },
  }
}

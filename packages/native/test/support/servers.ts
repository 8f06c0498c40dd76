import type {
  Address,
  Connection,
  IpTarget,
  StreamServer,
  StreamClientOptions,
  StreamHandler,
  StreamServerOptions,
  UnixTarget,
} from '@sock/core'
import {
  streamClientChecks,
  connectStream,
  createStreamServer,
  streamServerChecks,
  type IpEndpoint,
  type PathEndpoint,
  type StreamPort,
} from '@sock/core/stream'
import { checkOptions, parseIpTarget, parseUnixPath, parseUnixTarget } from '@sock/core/transport'
import { engine, type NativeSocket } from '../../src/index.js'

/*
 * Transports as small as they get, since @sock/tcp and @sock/unix are tested with this engine in their own folders, and
 * packages know each other in one direction only.
 */

export function createIpServer(
  handler: StreamHandler,
  options?: StreamServerOptions<NativeSocket>,
): StreamServer {
  const settings = checkOptions('options', { engine, ...options }, streamServerChecks)
  return createStreamServer<string, Address, IpEndpoint>(
    {
      transport: 'tcp',
      secure: false,
      parse: (target) => ({ kind: 'ip', host: undefined, ...parseIpTarget(target, {}) }),
      open: (endpoint, sink) => settings.engine.listenStream(endpoint, { noDelay: true, ...settings }, sink),
    },
    handler,
    settings,
  )
}

export function createPathServer(
  handler: StreamHandler,
  options?: StreamServerOptions<NativeSocket>,
): StreamServer {
  const settings = checkOptions('options', { engine, ...options }, streamServerChecks)
  return createStreamServer<string, Address, PathEndpoint>(
    {
      transport: 'unix',
      secure: false,
      parse: (target) => ({ kind: 'path', ...parseUnixTarget(target) }),
      open: (endpoint, sink) => settings.engine.listenStream(endpoint, settings, sink),
    },
    handler,
    settings,
  )
}

/** Rejects like those of transports do when the target is none. */
export async function connectIp(
  target: string | IpTarget,
  options?: StreamClientOptions<NativeSocket>,
): Promise<Connection> {
  const settings = checkOptions('options', { engine, ...options }, streamClientChecks)
  const endpoint = { kind: 'ip', host: undefined, ...parseIpTarget(target, {}) } as const
  const sockets = { noDelay: true, ...settings }
  const dial = (): Promise<StreamPort> => settings.engine.connectStream(endpoint, sockets, settings.signal)
  return connectStream({ ...settings, transport: 'tcp', remote: undefined, dial })
}

export async function connectPath(
  target: string | Pick<UnixTarget, 'path'>,
  options?: StreamClientOptions<NativeSocket>,
): Promise<Connection> {
  const settings = checkOptions('options', { engine, ...options }, streamClientChecks)
  const { path, address } = parseUnixPath(target)
  const endpoint = { kind: 'path', path, address } as const
  const dial = (): Promise<StreamPort> => settings.engine.connectStream(endpoint, settings, settings.signal)
  return connectStream({ ...settings, transport: 'unix', remote: address, dial })
}

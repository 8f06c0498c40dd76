import type {
  Connection,
  IpAddress,
  StreamHandler,
  StreamServer,
  StreamServerOptions,
} from '../../src/index.js'
import {
  connectStream,
  nodeEngine,
  streamClientChecks,
  streamServerChecks,
  type StreamListener,
} from '../../src/stream.js'
import { checkOptions } from '../../src/transport.js'
import { createFakeServer } from './fake-server.js'

const endpoint = (port: number) => ({ kind: 'ip', host: '127.0.0.1', port }) as const

/** A server over sockets of Node. It ignores its target, and listens on a free port of the loopback interface. */
export function createNodeServer(
  handler: StreamHandler,
  options?: StreamServerOptions,
): StreamServer<string, IpAddress> {
  const settings = checkOptions('createNodeServer options', options, streamServerChecks)
  const { engine } = settings
  const open = (sink: Parameters<typeof engine.listenStream>[2]) =>
    engine.listenStream(endpoint(0), settings, sink) as Promise<StreamListener<IpAddress>>
  return createFakeServer(handler, open, settings)
}

/** A client for it. */
export function connectNode(address: IpAddress): Promise<Connection> {
  const settings = checkOptions('connectNode options', undefined, streamClientChecks)
  const dial = () => nodeEngine.connectStream(endpoint(address.port), settings)
  return connectStream({ ...settings, transport: 'tcp', remote: undefined, dial })
}

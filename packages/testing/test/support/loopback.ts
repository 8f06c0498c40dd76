import type {
  Connection,
  IpAddress,
  IpTarget,
  StreamServer,
  StreamHandler,
  StreamClientOptions,
  StreamServerOptions,
} from '@sock/core'
import {
  streamClientChecks,
  connectStream,
  createStreamServer,
  streamServerChecks,
  type IpEndpoint,
  type StreamListener,
} from '@sock/core/stream'
import { checkOptions, parseIpTarget } from '@sock/core/transport'

/** The smallest transport there can be: the machinery over loopback, with nothing of its own. */
export function createLoopbackServer(
  handler: StreamHandler,
  options?: StreamServerOptions,
): StreamServer<string | IpTarget, IpAddress> {
  const settings = checkOptions('createLoopbackServer options', options, streamServerChecks)
  const { engine } = settings
  return createStreamServer<string | IpTarget, IpAddress, IpEndpoint>(
    {
      transport: 'tcp',
      secure: false,
      parse,
      open: (endpoint, sink, signal) =>
        engine.listenStream(endpoint, settings, sink, signal) as Promise<StreamListener<IpAddress>>,
    },
    handler,
    settings,
  )
}

export async function connectLoopback(
  target: string | IpTarget | IpAddress,
  options?: StreamClientOptions,
): Promise<Connection> {
  const settings = checkOptions('connectLoopback options', options, streamClientChecks)
  const endpoint = parse(target)
  const dial = () => settings.engine.connectStream(endpoint, settings, settings.signal)
  return connectStream({ ...settings, transport: 'tcp', remote: undefined, dial })
}

function parse(target: string | IpTarget): IpEndpoint {
  const { host = '127.0.0.1', port } = parseIpTarget(target, {})
  return { kind: 'ip', host, port }
}

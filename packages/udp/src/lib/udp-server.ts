import type { DatagramServer, DatagramServerOptions, IpAddress } from '@sock/core'
import { createDatagramServer, datagramServerChecks } from '@sock/core/datagram'
import { atCaller, checkServerOptions, lookUp, type Checks } from '@sock/core/transport'
import type { Socket } from 'node:dgram'
import type { UdpChannel, UdpHandler } from './udp-channel.js'
import { smallBuffers, udpEngine, type UdpEngine, type UdpPort, type UdpSettings } from './udp-engine.js'
import { udpChecks, type UdpSocketOptions } from './udp-options.js'
import { familyOf, openUdp } from './udp-socket.js'
import { parseListenTarget, TARGET_KEYS, type UdpEndpoint, type UdpTarget } from './udp-target.js'

/** Options of {@link createUdpServer}. */
export interface UdpServerOptions<EngineSocket = Socket>
  extends DatagramServerOptions<EngineSocket>, UdpSocketOptions {
  /** The engine, which moves the datagrams, such as that of `@sock/native`. Default: `node:dgram`. */
  engine?: UdpEngine<EngineSocket> | undefined
}

/**
 * A UDP server. `listen` takes `':8125'`, `'127.0.0.1:8125'`, `'[::1]:8125'`, the parts as an object, or an address.
 */
export interface UdpServer<Data = unknown> extends DatagramServer<
  string | UdpTarget | IpAddress,
  IpAddress,
  UdpChannel<Data>
> {}

const checks = { ...datagramServerChecks, ...udpChecks, engine: udpEngine } satisfies Checks<
  UdpServerOptions<unknown>
>

/**
 * Returns a UDP server.
 *
 * @typeParam Data the type of `channel.data`, which your program sets
 * @typeParam EngineSocket the argument of `configure`; it follows from `options.engine`
 * @param handler an async function that serves the socket, for all senders, or an object of callbacks
 * @param options sizes of queues and buffers, engine and more; each has a default
 * @throws TypeError or RangeError, which name the option and the value
 * @example
 * ```ts
 * import { createUdpServer } from '@sock/udp'
 *
 * const server = createUdpServer({
 *   data: (channel, message) => channel.write(message),
 * })
 * await server.listen(':8080')
 * ```
 */
export function createUdpServer<Data = unknown, EngineSocket = Socket>(
  handler: UdpHandler<Data>,
  options?: UdpServerOptions<EngineSocket>,
): UdpServer<Data> {
  return atCaller(createUdpServer, () => {
    const settings = checkServerOptions('createUdpServer', handler, options, checks, TARGET_KEYS)
    const binding = {
      transport: 'udp',
      parse: (target: string | UdpTarget | IpAddress) => parseListenTarget(target, settings.engine),
      open: (endpoint: UdpEndpoint, signal: AbortSignal) =>
        listen(endpoint, settings, signal, settings.engine),
      warnings: (port: UdpPort) => smallBuffers(port, settings),
    } as const
    return createDatagramServer<
      string | UdpTarget | IpAddress,
      IpAddress,
      UdpEndpoint,
      UdpChannel<Data>,
      UdpPort
    >(binding, handler, settings)
  })
}

async function listen(
  endpoint: UdpEndpoint,
  settings: UdpSettings,
  signal: AbortSignal,
  engine: Pick<UdpEngine, 'openUdp'> = { openUdp },
): Promise<UdpPort> {
  const host = endpoint.host === undefined ? undefined : (await lookUp(endpoint.host, signal))[0]
  try {
    return await engine.openUdp({ ...endpoint, host, family: familyOf(host) }, settings)
  } catch (error) {
    // The server should listen on all addresses, and this system has no IPv6.
    const hasNoIpv6 = (error as NodeJS.ErrnoException).code === 'EAFNOSUPPORT'
    if (host !== undefined || endpoint.ipv6Only || !hasNoIpv6) throw error
    return engine.openUdp({ ...endpoint, host, family: 'udp4' }, settings)
  }
}

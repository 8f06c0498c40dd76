import type { DatagramClientOptions, IpAddress, IpTarget } from '@sock/core'
import { connectDatagram, datagramClientChecks } from '@sock/core/datagram'
import {
  connectAtCaller,
  type Caller,
  checkOptions,
  ipAddress,
  lookUp,
  parseIpPeer,
  type Checks,
} from '@sock/core/transport'
import type { Socket } from 'node:dgram'
import type { UdpChannel } from './udp-channel.js'
import { udpEngine, type UdpEngine } from './udp-engine.js'
import { udpChecks, type UdpSocketOptions } from './udp-options.js'
import { familyOf, openUdp } from './udp-socket.js'

/** Options of {@link connectUdp}. */
export interface UdpClientOptions<EngineSocket = Socket>
  extends DatagramClientOptions<EngineSocket>, UdpSocketOptions {
  /** The engine, which moves the datagrams, such as that of `@sock/native`. Default: `node:dgram`. */
  engine?: UdpEngine<EngineSocket> | undefined
}

const checks = { ...datagramClientChecks, ...udpChecks, engine: udpEngine } satisfies Checks<
  UdpClientOptions<unknown>
>

/**
 * Opens a UDP socket that talks to one peer (connect(2)). It receives from no other address. If nothing listens
 * there, a waiting read rejects with `ECONNREFUSED`. A host name is looked up once, now.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS`, a system error (`ENOTFOUND`, `ENETUNREACH`…), or the signal's reason.
 *
 * @typeParam Data the type of `channel.data`, which your program sets
 * @typeParam EngineSocket the argument of `configure`; it follows from `options.engine`
 * @param target `':8080'`, `'host:8080'`, `'[::1]:8080'`, an object with `port`, or the address that `listen` resolved with
 * @param options sizes of queues, a signal and more; each has a default
 * @example
 * ```ts
 * import { exchange } from '@sock/core'
 * import { connectUdp } from '@sock/udp'
 *
 * const channel = await connectUdp('localhost:8080')
 * const signal = AbortSignal.timeout(1_000)
 * console.log(String(await exchange(channel, 'hello', { signal })))
 * ```
 */
export function connectUdp<Data = unknown, EngineSocket = Socket>(
  target: string | IpTarget | IpAddress,
  options?: UdpClientOptions<EngineSocket>,
): Promise<UdpChannel<Data>> {
  return connectAtCaller(connectUdp, { transport: 'udp', target }, (caller) =>
    connect<Data, EngineSocket>(caller, target, options),
  )
}

function connect<Data, EngineSocket>(
  caller: Caller,
  target: string | IpTarget | IpAddress,
  options: UdpClientOptions<EngineSocket> | undefined,
): Promise<UdpChannel<Data>> {
  const settings = checkOptions('connectUdp options', options, checks)
  const { host, port } = parseIpPeer(target)
  const { signal, engine = { openUdp } } = settings
  const dial = async () => {
    const [address] = await lookUp(host, signal)
    const peer = ipAddress(address, port)
    // Take the family of the peer, not of `address`: an IPv4-mapped address has become the IPv4 address by now.
    const family = familyOf(peer.host)
    return engine.openUdp({ host: undefined, port: 0, family, peer }, settings)
  }
  return connectDatagram<UdpChannel<Data>>(
    { ...settings, transport: 'udp', caller, dial },
    ipAddress(host, port),
  )
}

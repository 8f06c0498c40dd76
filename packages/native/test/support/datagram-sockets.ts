import type {
  DatagramChannel,
  DatagramClientOptions,
  DatagramHandler,
  DatagramServerOptions,
  DatagramServerStats,
  IpAddress,
  Server,
} from '@sock/core'
import {
  connectDatagram,
  createDatagramServer,
  datagramClientChecks,
  datagramServerChecks,
  type DatagramPort,
} from '@sock/core/datagram'
import { checkOptions, ipAddress, parseIpTarget } from '@sock/core/transport'
import { engine } from '../../src/index.js'
import type { NativeUdpBind, NativeUdpSettings } from '../../src/lib/datagram-engine.js'

/*
 * A small transport. @sock/udp depends on this package for its own tests, so this package cannot depend on it.
 */

const settings: NativeUdpSettings = {
  receiveBufferSize: undefined,
  sendBufferSize: undefined,
  broadcast: false,
  ttl: undefined,
  multicast: [],
  multicastTtl: undefined,
  multicastLoopback: undefined,
  multicastInterface: undefined,
}

type UdpServer = Server<string | IpAddress, IpAddress, DatagramServerStats, DatagramChannel>

export function createUdpServer(
  handler: DatagramHandler,
  options?: DatagramServerOptions,
  more: Partial<NativeUdpSettings & NativeUdpBind> = {},
): UdpServer {
  const checked = checkOptions('options', options, datagramServerChecks)
  return createDatagramServer<string | IpAddress, IpAddress, NativeUdpBind>(
    {
      transport: 'udp',
      parse: (target) => {
        const { host, port } = parseIpTarget(target, {})
        return { host, port, family: host?.includes('.') === true ? 'udp4' : 'udp6' }
      },
      open: (bind) => engine.openUdp({ ...bind, ...more }, { ...settings, ...more }),
    },
    handler,
    checked,
  )
}

export function connectUdp(
  target: string | IpAddress,
  options?: DatagramClientOptions,
): Promise<DatagramChannel> {
  const checked = checkOptions('options', options, datagramClientChecks)
  const { host = '127.0.0.1', port } = parseIpTarget(target, {})
  const peer = ipAddress(host, port)
  const family = peer.family === 'ipv4' ? 'udp4' : 'udp6'
  const dial = async (): Promise<DatagramPort> => {
    checked.signal?.throwIfAborted()
    return engine.openUdp({ host: undefined, port: 0, family, peer }, settings)
  }
  return connectDatagram({ ...checked, transport: 'udp', dial }, peer)
}

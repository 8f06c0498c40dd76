import type {
  DatagramChannel,
  DatagramClientOptions,
  DatagramHandler,
  DatagramServerOptions,
  DatagramServerStats,
  IpAddress,
  Server,
  UnixAddress,
} from '@sock/core'
import {
  bindSocketFile,
  checkOptions,
  connectDatagram,
  createDatagramServer,
  datagramClientChecks,
  datagramServerChecks,
  ipAddress,
  parseIpTarget,
  parseUnixPath,
  parseUnixTarget,
  unixAddress,
  type DatagramPort,
  type UdpBind,
  type UdpSettings,
  type UnixEndpoint,
} from '@sock/core/datagram'
import { engine } from '../../src/index.js'

/*
 * Transports as small as they get, since @sock/udp and @sock/unixgram are tested with this engine in their own folders,
 * and packages know each other in one direction only.
 */

export const settings: UdpSettings = {
  receiveBufferSize: undefined,
  sendBufferSize: undefined,
  broadcast: false,
  ttl: undefined,
  multicast: [],
  multicastTtl: undefined,
  multicastLoopback: undefined,
  multicastInterface: undefined,
}

type DatagramServer<Addr extends IpAddress | UnixAddress> = Server<
  string | Addr,
  Addr,
  DatagramServerStats,
  DatagramChannel
>

export function createUdpServer(
  handler: DatagramHandler,
  options?: DatagramServerOptions,
  more: Partial<UdpSettings & UdpBind> = {},
): DatagramServer<IpAddress> {
  const checked = checkOptions('options', options, datagramServerChecks)
  return createDatagramServer<string | IpAddress, IpAddress, UdpBind>(
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

export function createPathServer(
  handler: DatagramHandler,
  options?: DatagramServerOptions,
): DatagramServer<UnixAddress> {
  const checked = checkOptions('options', options, datagramServerChecks)
  return createDatagramServer<string | UnixAddress, UnixAddress, UnixEndpoint>(
    { transport: 'unixgram', parse: parseUnixTarget, open: async (endpoint) => listen(endpoint) },
    handler,
    checked,
  )
}

function listen(endpoint: UnixEndpoint): DatagramPort {
  const port = engine.openUnixgram()
  const bind = (path: string): void => port.bind(path)
  const probe = (): never => {
    throw new Error('Nothing is expected here')
  }
  try {
    const file = endpoint.isAbstract ? undefined : bindSocketFile(endpoint, { bind, probe }).file
    if (endpoint.isAbstract) bind(endpoint.path)
    const close = port.close.bind(port)
    port.close = () => {
      file?.remove()
      close()
    }
    return port
  } catch (error) {
    port.close()
    throw error
  }
}

/** The system chooses its name, so that it needs no file. */
export function connectPath(
  target: string | UnixAddress,
  options?: DatagramClientOptions,
): Promise<DatagramChannel> {
  const checked = checkOptions('options', options, datagramClientChecks)
  const { path, address } = parseUnixPath(target)
  const dial = async (): Promise<DatagramPort> => {
    checked.signal?.throwIfAborted()
    const port = engine.openUnixgram()
    try {
      port.connect(path)
      port.bind('')
      return port
    } catch (error) {
      port.close()
      throw error
    }
  }
  return connectDatagram({ ...checked, transport: 'unixgram', dial }, unixAddress(address.path))
}

import type { DatagramPort, UdpBind, UdpSettings } from '@sock/core/datagram'
import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { isIP } from 'node:net'
import { applyOptions, creationOptions, halfTtl, smallBuffersOf } from './udp-options.js'
import { createUdpPort } from './udp-port.js'

/** The same as an engine's, with a socket of `node:dgram`. */
export async function openUdp(bind: UdpBind, settings: UdpSettings): Promise<DatagramPort> {
  const { family, host, port, peer } = bind
  // `reusePort` is newer than the types of the oldest Node that is supported.
  const options: SocketOptions & { reusePort?: boolean } = {
    type: family,
    ipv6Only: bind.ipv6Only ?? false,
    reuseAddr: bind.reuseAddress ?? false,
    lookup: addressesOnly,
    ...(bind.reusePort === true ? { reusePort: true } : {}),
    ...creationOptions(settings),
  }
  const socket = createSocket(options)
  try {
    await settled(socket, 'listening', () =>
      socket.bind({ port, ...(host === undefined ? {} : { address: host }) }),
    )
    applyOptions(socket, settings)
    if (peer !== undefined) await settled(socket, 'connect', () => socket.connect(peer.port, peer.host))
    const warnings = [...smallBuffersOf(socket, settings), ...halfTtl(isDualStack(bind), settings)]
    return createUdpPort(socket, family, peer, warnings)
  } catch (error) {
    socket.close()
    throw error
  }
}

function isDualStack({ family, host, ipv6Only, peer }: UdpBind): boolean {
  return family === 'udp6' && ipv6Only !== true && (host === undefined || host === '::') && peer === undefined
}

/** The kind of socket for a host: IPv6 for "all", so that both kinds of peers are served. */
export function familyOf(host: string | undefined): 'udp4' | 'udp6' {
  return host !== undefined && isIP(host) === 4 ? 'udp4' : 'udp6'
}

/** Every host given to a socket is an address already: answering at once spares a turn per datagram. */
const addressesOnly: NonNullable<SocketOptions['lookup']> = (host, _options, callback) => {
  callback(null, host, host.includes(':') ? 6 : 4)
}

function settled(socket: Socket, event: 'listening' | 'connect', act: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      socket.off('error', failed)
      resolve()
    }
    const failed = (error: Error): void => {
      socket.off(event, done)
      reject(error)
    }
    socket.once(event, done)
    socket.once('error', failed)
    act()
  })
}

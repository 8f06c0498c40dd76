import { SockError } from '@sock/core'
import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { isIP } from 'node:net'
import type { UdpBind, UdpPort, UdpSettings } from './udp-engine.js'
import { createUdpPort } from './udp-port.js'

/** The same as an engine's, with a socket of `node:dgram`. */
export async function openUdp(bind: UdpBind, settings: UdpSettings): Promise<UdpPort<Socket>> {
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
    return createUdpPort(socket, family, peer, halfTtl(bind, settings))
  } catch (error) {
    socket.close()
    throw error
  }
}

function isDualStack({ family, host, ipv6Only, peer }: UdpBind): boolean {
  return family === 'udp6' && ipv6Only !== true && (host === undefined || host === '::') && peer === undefined
}

/** What has to be said when the socket is made. */
function creationOptions(settings: UdpSettings): Partial<SocketOptions> {
  const { receiveBufferSize, sendBufferSize } = settings
  return {
    ...(receiveBufferSize === undefined ? {} : { recvBufferSize: receiveBufferSize }),
    ...(sendBufferSize === undefined ? {} : { sendBufferSize }),
  }
}

/** What can be said only of a bound socket. @throws the system's error */
function applyOptions(socket: Socket, settings: UdpSettings): void {
  const { ttl, multicastTtl, multicastLoopback, multicastInterface } = settings
  if (settings.broadcast) socket.setBroadcast(true)
  if (ttl !== undefined) socket.setTTL(ttl)
  if (multicastTtl !== undefined) socket.setMulticastTTL(multicastTtl)
  if (multicastLoopback !== undefined) socket.setMulticastLoopback(multicastLoopback)
  if (multicastInterface !== undefined) socket.setMulticastInterface(multicastInterface)
  for (const group of settings.multicast) socket.addMembership(group.group, group.interface)
}

/**
 * A dual-stack socket keeps one limit for its IPv6 peers and one for its IPv4 peers, and Node sets the first alone.
 *
 * @returns the error that says so, if it matters
 */
function halfTtl(bind: UdpBind, { ttl }: UdpSettings): Error[] {
  if (ttl === undefined || !isDualStack(bind)) return []
  const message = `Cannot set "ttl" for the IPv4 peers of a dual-stack socket: it is ${ttl} for IPv6 peers only`
  return [new SockError('ERR_SOCK_UNSUPPORTED', message)]
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

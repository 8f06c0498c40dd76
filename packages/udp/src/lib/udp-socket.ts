import { SockError } from '@sock/core'
import { checkNetwork } from '@sock/core/transport'
import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { isIP } from 'node:net'
import { getSystemErrorMap, inspect } from 'node:util'
import type { UdpBind, UdpPort, UdpSettings } from './udp-engine.js'
import { createUdpPort } from './udp-port.js'

/** Opens a UDP socket with `node:dgram`, like an engine's method of the same name. */
export async function openUdp(bind: UdpBind, settings: UdpSettings): Promise<UdpPort<Socket>> {
  checkNetwork()
  const { family, host, port, peer } = bind
  // `reusePort` is missing in the types of the oldest supported Node.
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

/** Returns the options that are set when the socket is created. */
function creationOptions(settings: UdpSettings): Partial<SocketOptions> {
  const { receiveBufferSize, sendBufferSize } = settings
  return {
    ...(receiveBufferSize === undefined ? {} : { recvBufferSize: receiveBufferSize }),
    ...(sendBufferSize === undefined ? {} : { sendBufferSize }),
  }
}

/**
 * Sets the options that need a bound socket. @throws the system's error, with a message that names option and value
 */
function applyOptions(socket: Socket, settings: UdpSettings): void {
  const { broadcast, ttl, multicastTtl, multicastLoopback, multicastInterface } = settings
  if (broadcast) named('broadcast', true, () => socket.setBroadcast(true))
  if (ttl !== undefined) named('ttl', ttl, () => socket.setTTL(ttl))
  if (multicastTtl !== undefined)
    named('multicastTtl', multicastTtl, () => socket.setMulticastTTL(multicastTtl))
  if (multicastLoopback !== undefined)
    named('multicastLoopback', multicastLoopback, () => socket.setMulticastLoopback(multicastLoopback))
  if (multicastInterface !== undefined)
    named('multicastInterface', multicastInterface, () => socket.setMulticastInterface(multicastInterface))
  for (const [index, group] of settings.multicast.entries())
    named(`multicast[${index}]`, group, () => socket.addMembership(group.group, group.interface))
}

/** Calls `set`. Node's error names the system call; this one names the option. */
function named(option: string, value: unknown, set: () => void): void {
  try {
    set()
  } catch (cause) {
    const { code, errno = 0, syscall } = cause as NodeJS.ErrnoException
    const why = getSystemErrorMap().get(errno)?.[1] ?? (cause as Error).message
    const error = new Error(`Cannot set "${option}" to ${inspect(value)}: ${why} (${code})`, { cause })
    throw Object.assign(error, { code, errno, syscall })
  }
}

/**
 * Returns an error if `ttl` applies to some of the peers only. A dual-stack socket has one limit for IPv6 peers and
 * another for IPv4 peers, and Node sets only the first.
 */
function halfTtl(bind: UdpBind, { ttl }: UdpSettings): Error[] {
  if (ttl === undefined || !isDualStack(bind)) return []
  const message = `Cannot set "ttl" to ${ttl} for the IPv4 peers of a dual-stack socket: it applies to IPv6 peers only. Listen on an IPv4 address, or use the native engine`
  return [new SockError('ERR_SOCK_UNSUPPORTED', message)]
}

/** Returns the family for a host: IPv6 for all addresses, since such a socket serves both. */
export function familyOf(host: string | undefined): 'udp4' | 'udp6' {
  return host !== undefined && isIP(host) === 4 ? 'udp4' : 'udp6'
}

/**
 * Answers look-ups synchronously, since every host passed to a socket is an IP address. That saves a turn per
 * datagram.
 */
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

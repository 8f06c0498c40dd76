import type {
  Address,
  Channel,
  Connection,
  DatagramChannel,
  DatagramOptions,
  IpAddress,
  UnixAddress,
} from '@sock/core'
import { connectTcp } from '@sock/tcp'
import { connectUdp } from '@sock/udp'
import { connectUnix } from '@sock/unix'
import { connectUnixgram } from '@sock/unixgram'

export const STREAMS = ['tcp', 'tls', 'unix'] as const
export const DATAGRAMS = ['udp', 'unixgram'] as const
export type StreamName = (typeof STREAMS)[number]
export type DatagramName = (typeof DATAGRAMS)[number]
export type TransportName = StreamName | DatagramName

export const TRANSPORTS: readonly TransportName[] = [...STREAMS, ...DATAGRAMS]

export const isStream = (name: TransportName): name is StreamName =>
  (STREAMS as readonly string[]).includes(name)

/** @param authorities the certificates of TLS servers that are believed */
export function connectStreamTo(
  name: StreamName,
  place: Address,
  authorities: readonly string[],
): Promise<Connection> {
  if (name === 'unix') return connectUnix(place as UnixAddress)
  const target = place as IpAddress
  return name === 'tcp'
    ? connectTcp(target)
    : connectTcp(target, { tls: { ca: [...authorities] }, serverName: 'localhost' })
}

export function connectDatagramTo(
  name: DatagramName,
  place: Address,
  options: DatagramOptions<unknown> = {},
): Promise<DatagramChannel> {
  const { maxQueuedBytes } = options
  return name === 'udp'
    ? connectUdp(place as IpAddress, { maxQueuedBytes })
    : connectUnixgram(place as UnixAddress, { maxQueuedBytes })
}

/**
 * Whether a client was given the very port it wanted to reach, and is connected to itself: that happens on one machine
 * when nobody listens there, as while a server is started again.
 */
export function isOwnEcho({ localAddress, remoteAddress }: Channel): boolean {
  return (
    localAddress.family !== 'unix' &&
    remoteAddress?.family === localAddress.family &&
    remoteAddress.port === localAddress.port
  )
}

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
import type { SocketEngine } from './engines.js'

export const STREAMS = ['tcp', 'tls', 'unix'] as const
export const DATAGRAMS = ['udp', 'unixgram'] as const
export type StreamName = (typeof STREAMS)[number]
export type DatagramName = (typeof DATAGRAMS)[number]
export type TransportName = StreamName | DatagramName

export const TRANSPORTS: readonly TransportName[] = [...STREAMS, ...DATAGRAMS]

export const isStream = (name: TransportName): name is StreamName =>
  (STREAMS as readonly string[]).includes(name)

/** What clients are made with. */
export interface ClientMeans {
  readonly engine: SocketEngine
  /** The certificates that TLS servers may have. */
  readonly authorities: readonly string[]
}

export function connectStreamTo(
  name: StreamName,
  place: Address,
  { engine, authorities }: ClientMeans,
): Promise<Connection> {
  if (name === 'unix') return connectUnix(place as UnixAddress, { engine })
  const target = place as IpAddress
  return name === 'tcp'
    ? connectTcp(target, { engine })
    : connectTcp(target, { tls: { ca: [...authorities] }, serverName: 'localhost' })
}

export function connectDatagramTo(
  name: DatagramName,
  place: Address,
  { engine }: ClientMeans,
  { maxQueuedBytes }: DatagramOptions = {},
): Promise<DatagramChannel> {
  return name === 'udp'
    ? connectUdp(place as IpAddress, { engine, maxQueuedBytes })
    : connectUnixgram(place as UnixAddress, { engine, maxQueuedBytes })
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

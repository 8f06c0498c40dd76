export const STREAMS = ['tcp', 'tls', 'unix'] as const
export const DATAGRAMS = ['udp', 'unixgram'] as const
export type StreamName = (typeof STREAMS)[number]
export type DatagramName = (typeof DATAGRAMS)[number]
export type TransportName = StreamName | DatagramName

export const TRANSPORTS: readonly TransportName[] = [...STREAMS, ...DATAGRAMS]

export function isStream(name: TransportName): name is StreamName {
  return (STREAMS as readonly string[]).includes(name)
}

export const STREAM_TRANSPORTS = ['tcp', 'tls', 'unix'] as const
export const DATAGRAM_TRANSPORTS = ['udp', 'unixgram'] as const
export const TRANSPORTS = [...STREAM_TRANSPORTS, ...DATAGRAM_TRANSPORTS] as const

export type StreamTransport = (typeof STREAM_TRANSPORTS)[number]
export type DatagramTransport = (typeof DATAGRAM_TRANSPORTS)[number]
export type Transport = StreamTransport | DatagramTransport

/** Where a server under test can be reached. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

/** A key and its self-signed certificate, as PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

export function isDatagram(transport: Transport): transport is DatagramTransport {
  return transport === 'udp' || transport === 'unixgram'
}

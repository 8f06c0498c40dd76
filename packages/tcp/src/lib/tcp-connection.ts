import type { Connection, IpAddress, StreamHandler } from '@sock/core'
import type { TlsSession } from './tls-session.js'

/**
 * A TCP connection, with TLS or without.
 *
 * @typeParam Data what your program keeps in `data`
 */
export interface TcpConnection<Data = unknown> extends Connection<Data, IpAddress> {
  /** What the TLS handshake agreed upon; `undefined` without TLS. */
  readonly tls: TlsSession | undefined
}

/** What serves TCP connections: a function, or an object of callbacks. */
export type TcpHandler<Data = unknown> = StreamHandler<TcpConnection<Data>>

import type { Connection, IpAddress, StreamHandler } from '@sock/core'
import type { TlsSession } from './tls-session.js'

/**
 * A TCP connection, with TLS or without.
 *
 * @typeParam Data the type of `data`, which your program sets
 */
export interface TcpConnection<Data = unknown> extends Connection<Data, IpAddress> {
  /** What the TLS handshake negotiated; `undefined` without TLS. */
  readonly tls: TlsSession | undefined
}

/** The handler of a TCP server: a function, or an object of callbacks. */
export type TcpHandler<Data = unknown> = StreamHandler<TcpConnection<Data>>

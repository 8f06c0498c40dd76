import type { Connection, ConnectionStream, IpAddress, StreamHandler } from '@sock/core'
import type { TLSSocket } from 'node:tls'
import type { TlsSession } from './tls-session.js'

/**
 * A TCP connection, with TLS or without.
 *
 * @typeParam Data the type of `data`, which your program sets
 */
export interface TcpConnection<Data = unknown> extends Connection<Data, IpAddress> {
  /** What the TLS handshake negotiated; `undefined` without TLS. */
  readonly tls: TlsSession | undefined
  /** The connection as a Node stream, with the members of a socket. */
  readonly stream: TcpStream
}

/** `connection.stream` of TCP. With TLS it also has the members of a `tls.TLSSocket` that describe the session. */
export interface TcpStream extends ConnectionStream, Partial<TlsMembers> {
  /** The server name that the client requested (SNI): https://nodejs.org/api/tls.html#tlssocketservername */
  readonly servername?: string | false | null
}

type TlsMembers = Pick<
  TLSSocket,
  | 'encrypted'
  | 'authorized'
  | 'authorizationError'
  | 'alpnProtocol'
  | 'getCipher'
  | 'getPeerCertificate'
  | 'getPeerX509Certificate'
  | 'getProtocol'
  | 'getSession'
  | 'isSessionReused'
>

/** The handler of a TCP server: a function, or an object of callbacks. */
export type TcpHandler<Data = unknown> = StreamHandler<TcpConnection<Data>>

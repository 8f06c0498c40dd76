import type { SocketTraits } from '@sock/core/stream'
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** What a TLS handshake negotiated. https://nodejs.org/api/tls.html#class-tlstlssocket */
export interface TlsSession {
  /** The version of TLS, normally `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string | null
  /** The cipher suite, by OpenSSL's name. */
  readonly cipher: string
  /** The protocol chosen by ALPN; `undefined` if there was none in common, or none was requested. */
  readonly alpnProtocol: string | undefined
  /** The server name that the client requested (SNI). */
  readonly serverName: string | undefined
  /** Whether the peer's certificate was verified. */
  readonly authorized: boolean
  /** Why it was not verified, as an OpenSSL code; `undefined` if it was, or if no certificate was requested. */
  readonly authorizationError: string | undefined
  /** The peer's certificate; `undefined` if it sent none. */
  readonly peerCertificate: X509Certificate | undefined
}

/** The members of a `tls.TLSSocket` that describe its session: see {@link TcpStream}. */
const SESSION_MEMBERS = [
  'encrypted',
  'authorized',
  'authorizationError',
  'alpnProtocol',
  'servername',
  'getCipher',
  'getPeerCertificate',
  'getPeerX509Certificate',
  'getProtocol',
  'getSession',
  'isSessionReused',
]

/** Addresses and description of TLS sockets. */
export const tlsTraits: SocketTraits = {
  secure: true,
  canReset: true,
  socketMembers: SESSION_MEMBERS,
  session: (socket: Socket) => describeSession(socket as TLSSocket),
}

function describeSession(socket: TLSSocket): TlsSession {
  // Declared as an Error by Node's types, but really a code.
  const { authorizationError } = socket as unknown as { authorizationError?: string | null }
  return {
    protocol: socket.getProtocol(),
    cipher: socket.getCipher().name,
    alpnProtocol: socket.alpnProtocol || undefined,
    serverName: serverName(socket),
    authorized: socket.authorized,
    authorizationError: authorizationError ?? undefined,
    peerCertificate: socket.getPeerX509Certificate(),
  }
}

/**
 * Returns the requested server name. On a server, `false` means that none was requested.
 * https://nodejs.org/api/tls.html#event-secureconnection
 */
function serverName(socket: TLSSocket): string | undefined {
  const { servername } = socket as { servername?: string | false | null }
  return servername || undefined
}

import type { SocketTraits } from '@sock/core/stream'
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** What a TLS handshake agreed upon. https://nodejs.org/api/tls.html#class-tlstlssocket */
export interface TlsSession {
  /** `TLSv1.2` or `TLSv1.3`, as a rule. */
  readonly protocol: string | null
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string
  /** The protocol chosen by ALPN; `undefined` if there was none in common or none was asked for. */
  readonly alpnProtocol: string | undefined
  /** The server name the client asked for (SNI). */
  readonly serverName: string | undefined
  /** Whether the peer's certificate was verified. */
  readonly authorized: boolean
  /** Why it was not, as a code of OpenSSL; `undefined` if it was, or if none was asked for. */
  readonly authorizationError: string | undefined
  /** The peer's certificate; `undefined` if it sent none. */
  readonly peerCertificate: X509Certificate | undefined
}

/** How TLS sockets are named and described. */
export const tlsTraits: SocketTraits = {
  secure: true,
  canReset: true,
  session: (socket: Socket) => describeSession(socket as TLSSocket),
}

function describeSession(socket: TLSSocket): TlsSession {
  // Node declares an Error, and gives a code.
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

/** On a server `false` stands for "none asked for". https://nodejs.org/api/tls.html#event-secureconnection */
function serverName(socket: TLSSocket): string | undefined {
  const { servername } = socket as { servername?: string | false | null }
  return servername || undefined
}

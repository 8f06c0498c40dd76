import type { TlsSession } from '@sock/core'
import type { SocketTraits } from '@sock/core/stream'
import { localIpAddress, remoteIpAddress } from '@sock/core/stream'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** How TLS sockets are named and described. */
export const tlsTraits: SocketTraits = {
  secure: true,
  canReset: true,
  localAddress: localIpAddress,
  remoteAddress: remoteIpAddress,
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

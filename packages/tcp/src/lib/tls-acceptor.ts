import { createNodePort, type Handshake, type StreamPort } from '@sock/core/stream'
import type { Socket } from 'node:net'
import {
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls'
import { checkCertificate, invalidTls } from './tls-options.js'
import { tlsTraits } from './tls-session.js'

/** Turns accepted sockets into TLS connections. */
export interface TlsAcceptor {
  /** Returns the handshake of an accepted socket. @param port not started */
  handshake(port: StreamPort<Socket>): Handshake
  /** Replaces the certificate. @throws SockError `ERR_SOCK_INVALID_TLS`; the old context stays in use then */
  setSecureContext(options: SecureContextOptions): void
}

interface Outcome {
  secured(port: StreamPort): void
  failed(error: Error): void
}

/**
 * Returns an acceptor with everything that `tls.createServer` takes: SNI, ALPN, client certificates, session tickets…
 * Its `tls.Server` never listens: sockets are passed to its documented 'connection' event. So listener, accept queue
 * and limits are the same with and without TLS.
 *
 * @throws SockError `ERR_SOCK_INVALID_TLS` for certificates and keys that OpenSSL refuses, or if there are none
 */
export function createTlsAcceptor(options: TlsOptions): TlsAcceptor {
  const pending = new WeakMap<Socket, Outcome>()
  const server = invalidTls(options, () => {
    createSecureContext(options)
    // Core has a deadline of its own: Node's only emits an event, and restarts with each byte. Core also decides when
    // reading begins.
    return createServer({ ...options, handshakeTimeout: NEVER, pauseOnConnect: false })
  })
  checkCertificate(options)
  server.on('secureConnection', (socket) => {
    const outcome = pending.get(rawSocket(socket))
    // After the handshake each side may end on its own.
    socket.allowHalfOpen = true
    if (outcome === undefined) socket.destroy()
    else outcome.secured(createNodePort(socket, tlsTraits))
  })
  server.on('tlsClientError', (error, socket) => {
    const raw = rawSocket(socket)
    pending.get(raw)?.failed(withAuthorization(error, socket))
    raw.destroy()
  })

  return {
    handshake: ({ socket, remoteAddress, descriptor }) => ({
      // Read now, since a peer whose handshake fails may be gone later.
      remoteAddress,
      descriptor,
      get bytesRead() {
        return socket.bytesRead
      },
      start(secured, failed) {
        pending.set(socket, { secured, failed })
        // The TLS socket on top reports errors.
        socket.on('error', ignore)
        // The TLS socket inherits this: a FIN during the handshake ends it at once, instead of at the deadline.
        socket.allowHalfOpen = false
        server.emit('connection', socket)
      },
      destroy() {
        pending.delete(socket)
        socket.destroy()
      },
    }),
    setSecureContext(context) {
      // Check first: tls.Server changes its fields before it fails.
      invalidTls(context, () => createSecureContext(context))
      checkCertificate({ ...context }, options)
      invalidTls(context, () => server.setSecureContext(context))
    },
  }
}

/** The longest delay of a timer: 25 days. tls.Server takes 0 for its default of 120 s. */
const NEVER = 2 ** 31 - 1

/**
 * Returns the socket below a TLS socket. Node has no public property for it, but has kept it in `_parent` since its
 * first versions.
 */
function rawSocket(socket: TLSSocket): Socket {
  return (socket as unknown as { _parent: Socket })._parent
}

/** Returns an error that says why a client certificate was refused. Node reports only "socket hang up". */
function withAuthorization(error: Error, socket: TLSSocket): Error {
  // Declared as an Error by Node's types, but really a code.
  const { authorizationError } = socket as unknown as { authorizationError?: string | null }
  if (!authorizationError) return error
  return new Error(`client certificate was refused: ${authorizationError}`, { cause: error })
}

function ignore(): void {}

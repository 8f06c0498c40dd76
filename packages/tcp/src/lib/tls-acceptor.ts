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
  /** @param port not started */
  handshake(port: StreamPort<Socket>): Handshake
  /** @throws SockError `ERR_SOCK_INVALID_TLS`; the old context stays in use then */
  setSecureContext(options: SecureContextOptions): void
}

interface Outcome {
  secured(port: StreamPort): void
  failed(error: Error): void
}

/**
 * Makes an acceptor with everything `tls.createServer` takes: SNI, ALPN, client certificates, session tickets…
 * The `tls.Server` never listens: sockets are given to it by its documented 'connection' event, so that the listener,
 * its queue and its limits are the same with and without TLS.
 *
 * @throws SockError `ERR_SOCK_INVALID_TLS` for certificates and keys that OpenSSL refuses, or if there are none
 */
export function createTlsAcceptor(options: TlsOptions): TlsAcceptor {
  const pending = new WeakMap<Socket, Outcome>()
  const server = invalidTls(() => {
    createSecureContext(options)
    // The deadline is ours: Node's own only tells, and starts anew with each byte. So is the moment to begin reading.
    return createServer({ ...options, handshakeTimeout: NEVER, pauseOnConnect: false })
  })
  checkCertificate(options)
  server.on('secureConnection', (socket) => {
    const outcome = pending.get(rawSocket(socket))
    // From here on one side may end before the other.
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
      // Looked up now: a peer that fails may be gone by the time somebody asks.
      remoteAddress,
      descriptor,
      get bytesRead() {
        return socket.bytesRead
      },
      start(secured, failed) {
        pending.set(socket, { secured, failed })
        // The TLS socket on top hears of errors, and tells.
        socket.on('error', ignore)
        // The TLS socket takes this over: a FIN in the middle of the handshake ends it, instead of waiting for the deadline.
        socket.allowHalfOpen = false
        server.emit('connection', socket)
      },
      destroy() {
        pending.delete(socket)
        socket.destroy()
      },
    }),
    setSecureContext(context) {
      // Tried out first: tls.Server changes its fields before it fails.
      invalidTls(() => createSecureContext(context))
      checkCertificate({ ...context }, options)
      invalidTls(() => server.setSecureContext(context))
    },
  }
}

/** The longest that a timer can wait: 25 days. tls.Server takes 0 as its default of 120 s. */
const NEVER = 2 ** 31 - 1

/**
 * The socket that a TLS socket was made from. Node gives no public way from one to the other, and keeps it in `_parent`
 * since its first versions.
 */
function rawSocket(socket: TLSSocket): Socket {
  return (socket as unknown as { _parent: Socket })._parent
}

/** A refused client certificate ends as a bare "socket hang up"; this says what was wrong with it. */
function withAuthorization(error: Error, socket: TLSSocket): Error {
  // Node declares an Error, and gives a code.
  const { authorizationError } = socket as unknown as { authorizationError?: string | null }
  if (!authorizationError) return error
  return new Error(`client certificate was refused: ${authorizationError}`, { cause: error })
}

function ignore(): void {}

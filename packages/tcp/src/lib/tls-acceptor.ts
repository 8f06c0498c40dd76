import { afterOpenSsl, createNodePort, rawSocket, type Handshake, type StreamPort } from '@sock/core/stream'
import { propertyOf } from '@sock/core/transport'
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
    if (outcome === undefined) afterOpenSsl(socket, destroy)
    else outcome.secured(createNodePort(socket, tlsTraits))
  })
  server.on('tlsClientError', (error, socket) => {
    const raw = rawSocket(socket)
    pending.get(raw)?.failed(explained(error, socket, raw.bytesRead))
    afterOpenSsl(raw, destroy)
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
        if (pending.delete(socket)) afterOpenSsl(socket, destroy)
        // It was not started: OpenSSL has not seen it.
        else socket.destroy()
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

/** OpenSSL's codes for a first message that is not TLS: other bytes, a request of HTTP, or one to a proxy. */
const NO_TLS: ReadonlySet<unknown> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
])

/** Returns an error that says why the handshake failed, with the code of the original error, which is its cause. */
function explained(error: Error, socket: TLSSocket, bytesRead: number): Error {
  // A callback of the program may pass any value as its error.
  const code = propertyOf(error, 'code')
  const reason = reasonOf(code, socket, bytesRead)
  return reason === undefined ? error : Object.assign(new Error(reason, { cause: error }), { code })
}

/** Returns why the handshake failed, as far as Node's message does not say it; `undefined` if it does. */
function reasonOf(code: unknown, socket: TLSSocket, bytesRead: number): string | undefined {
  // Declared as an Error by Node's types, but really a code.
  const { authorizationError } = socket as unknown as { authorizationError?: string | null }
  if (authorizationError) return `client certificate was refused: ${authorizationError}`
  if (NO_TLS.has(code)) return 'the peer does not speak TLS'
  if (code !== 'ECONNRESET') return undefined
  // A peer that has sent nothing, such as a health check, has not seen the certificate.
  const guess = bytesRead === 0 ? '' : '; it may not trust the certificate'
  return `the peer ended the handshake${guess}`
}

function destroy(socket: Socket): void {
  socket.destroy()
}

function ignore(): void {}

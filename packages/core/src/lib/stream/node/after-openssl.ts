import type { Socket } from 'node:net'
import { ignore } from '../../async/deferred.js'

/**
 * Closes a TLS socket, or the socket below one, once OpenSSL has returned. The only way to close either.
 *
 * During a handshake, Node calls back from within OpenSSL, which is not re-entrant: `SNICallback`, `ALPNCallback`,
 * `pskCallback`, `secureConnection`, and whatever these begin. `process.nextTick` and promises run there, too. If the
 * socket is closed there, OpenSSL goes on with freed memory: up to Node 24 the process ends with SIGSEGV, and a peer can
 * choose that. Each phase of the event loop begins outside of OpenSSL.
 *
 * @param close destroys, resets or ends the socket
 * @internal
 */
export function afterOpenSsl<S extends Socket>(socket: S, close: (socket: S) => void): void {
  // An error that comes until then concerns nobody any more.
  socket.on('error', ignore)
  setImmediate(close, socket)
}

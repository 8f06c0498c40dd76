import type { DatagramEngine } from '@sock/core'
import { datagramEngine, type DatagramPort } from '@sock/core/datagram'

/**
 * Opens Unix datagram sockets. `unix-dgram` is the default; servers and clients take another engine as the option
 * `engine`.
 *
 * @typeParam Socket the argument of `configure(socket)` with this engine
 */
// oxlint-disable-next-line typescript/no-explicit-any -- without an argument, any engine is accepted
export interface UnixgramEngine<Socket = any> extends DatagramEngine {
  /** Whether the system chooses an abstract name for clients, so that they need no file. Default: false. */
  readonly autobind?: boolean | undefined
  /** Opens a socket without a name. @throws the system's error */
  openUnixgram(): UnixgramPort<Socket>
}

/** A Unix datagram socket, with methods that give it a name and a peer. Both are synchronous. */
export interface UnixgramPort<Socket = unknown> extends DatagramPort<Socket> {
  /**
   * Binds it to a name. @param name in the system's form: an abstract name begins with a NUL byte. @throws the
   * system's error
   */
  bind(name: string): void
  /**
   * Makes `name` the peer: from then on no other socket can send to this one. Called again to
   * change the peer. While connected, `send()` to `undefined` sends to the peer, and calls `done` before it returns.
   *
   * @throws the system's error
   */
  connect(name: string): void
}

/** Checks the option `engine`. */
export const unixgramEngine = datagramEngine<UnixgramEngine>('openUnixgram')

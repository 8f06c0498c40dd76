import type { DatagramEngine } from '@sock/core'
import { datagramEngine, type DatagramPort } from '@sock/core/datagram'

/**
 * What moves Unix datagrams. `unix-dgram` is the default; another engine can be given to servers and clients as `engine`.
 *
 * @typeParam Socket what `configure(socket)` gets with this engine
 */
// oxlint-disable-next-line typescript/no-explicit-any -- without an argument, any engine will do
export interface UnixgramEngine<Socket = any> extends DatagramEngine {
  /** Whether clients let the system choose an abstract name, instead of making a file. Default false. */
  readonly autobind?: boolean | undefined
  /** Opens a socket that has no name yet. @throws the system's error */
  openUnixgram(): UnixgramPort<Socket>
}

/** A Unix datagram socket, and what gives it its name and its peer. Both are done at once. */
export interface UnixgramPort<Socket = unknown> extends DatagramPort<Socket> {
  /** @param name as the system calls it: of an abstract one the first byte is NUL. @throws the system's error */
  bind(name: string): void
  /**
   * Makes `name` the peer: from then on nobody else can send to this socket. It may be called again. What is sent to
   * `undefined` goes there, and is answered for before `send` returns.
   *
   * @throws the system's error
   */
  connect(name: string): void
}

/** Checks the option `engine`. */
export const unixgramEngine = datagramEngine<UnixgramEngine>('openUnixgram')

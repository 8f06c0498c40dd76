import type { Address } from '../address/address.js'
import type { PeerCredentials } from '../channel/channel.js'

/**
 * A bound datagram socket, as an engine provides it. A port only moves datagrams. `DatagramSocket` adds queues,
 * promises, states and counters.
 *
 * @typeParam Socket the argument of `configure(socket)`
 */
export interface DatagramPort<Socket = unknown> {
  /** The address of this side. */
  readonly localAddress: Address
  /** The peer of a connected socket; `undefined` for a socket that talks to any peer. */
  readonly remoteAddress: Address | undefined
  /** The argument of `configure(socket)`: with Node's engine a `dgram.Socket`. */
  readonly socket: Socket
  /** The largest message in bytes; larger ones are rejected without a system call. */
  readonly maxMessageBytes: number
  /** Begins to deliver. Called once, before any other method but `close`. */
  start(sink: DatagramPortSink): void
  /**
   * Sends one datagram, and calls `sending.done` once, synchronously or later, with the error if it failed. `EAGAIN`
   * and `ENOBUFS` mean that there is no room now: the send queue tries again, sooner if the port calls `writable`.
   * After `close()` the call may be omitted.
   *
   * @param to `undefined` on a connected socket
   */
  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void
  /** Stops delivering until `resume()`. Without it, core drops and counts excess datagrams. */
  readonly pause?: (() => void) | undefined
  /** Delivers again. Present if `pause` is. */
  readonly resume?: (() => void) | undefined
  /** Keeps the process alive while open, which is the default. Does nothing when closed. */
  readonly ref?: (() => void) | undefined
  /** Stops keeping the process alive. Missing, like `ref`, if the engine cannot do that. */
  readonly unref?: (() => void) | undefined
  /**
   * Returns how many datagrams the system dropped before they reached this process, if it reports that. Only
   * `stats()` calls it.
   */
  readonly kernelDrops?: (() => number) | undefined
  /**
   * Closes now, then calls `sink.closed()`; between the two it may deliver what it has taken from the system before, so
   * that it is counted. Does nothing when closed.
   */
  close(): void
}

/** A datagram that was passed to a port for sending. */
export interface DatagramSending {
  /** Reports that the port has sent it, or why it could not. */
  done(error?: Error | null): void
  /**
   * Whether an earlier datagram to the same receiver has found no room since. Then this one must not overtake it:
   * answer it with `EAGAIN`. Only a port that batches sends needs to ask.
   */
  isBehind?(): boolean
}

/** The receiver of a port's events. */
export interface DatagramPortSink {
  /**
   * Receives a datagram. The port must not use the buffer afterwards.
   *
   * @param from `undefined` for a sender without a name
   * @param truncated whether the datagram was cut because a buffer was too small
   * @param credentials the process that sent it, where the system reports that
   */
  received(data: Buffer, from: Address | undefined, truncated: boolean, credentials?: PeerCredentials): void
  /**
   * There may be room again for a refused datagram. A port may omit the call: the send queue also retries by timer.
   */
  writable?(): void
  /** Reports an error after which the socket stays open. */
  failed(error: Error): void
  /** The last call, exactly once, after the file descriptor is closed. */
  closed(): void
}

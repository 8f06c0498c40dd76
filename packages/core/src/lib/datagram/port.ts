import type { Address } from '../address/address.js'
import type { PeerCredentials } from '../channel/channel.js'

/**
 * A bound datagram socket as an engine gives it to the machinery: datagrams in, datagrams out. Queues, promises, states
 * and counters are the machinery's.
 *
 * @typeParam Socket what `configure(socket)` gets
 */
export interface DatagramPort<Socket = unknown> {
  /** This side. */
  readonly localAddress: Address
  /** The peer of a connected socket; `undefined` for one that talks to anybody. */
  readonly remoteAddress: Address | undefined
  /** What `configure(socket)` gets: with Node's engine a `dgram.Socket`. */
  readonly socket: Socket
  /** The largest message that may be sent, in bytes; larger ones are refused without asking the system. */
  readonly maxMessageBytes: number
  /** Begin to deliver. Called once, before any other method but `close`. */
  start(sink: DatagramPortSink): void
  /**
   * Send one datagram, and call `sending.done` once: at once or later, with the error if it failed. `EAGAIN` and
   * `ENOBUFS` mean that there is no room now; the machinery comes again, sooner if the port tells when (`writable`).
   * After `close()` it need not be called.
   *
   * @param to `undefined` on a connected socket
   */
  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void
  /** Deliver nothing until `resume()`; where that is not possible, what is too much is dropped and counted. */
  readonly pause?: (() => void) | undefined
  /** Deliver again. There if `pause` is. */
  readonly resume?: (() => void) | undefined
  /** Keep the process alive while open, as it does from the beginning. Harmless when closed. */
  readonly ref?: (() => void) | undefined
  /** Do not keep the process alive. Left out, with `ref`, where that is not possible. */
  readonly unref?: (() => void) | undefined
  /** How many datagrams the system dropped before they reached us, where it tells. Asked for by `stats()` only. */
  readonly kernelDrops?: (() => number) | undefined
  /** Close now; then call `sink.closed()`. Harmless when closed. */
  close(): void
}

/** A datagram that a port was given to send. */
export interface DatagramSending {
  /** The port has sent it, or could not. */
  done(error?: Error | null): void
  /**
   * Whether one that was given before, to the same receiver, has found no room since: then this one must not overtake it, and
   * is answered with `EAGAIN`. Only a port that gathers what it sends has to ask.
   */
  isBehind?(): boolean
}

/** Where a port delivers. */
export interface DatagramPortSink {
  /**
   * A datagram has come. The buffer is given away.
   *
   * @param from `undefined` for a sender without a name
   * @param truncated whether it was cut by a buffer that was too small
   * @param credentials who its sender is, where the system tells
   */
  received(data: Buffer, from: Address | undefined, truncated: boolean, credentials?: PeerCredentials): void
  /** There may be room again for what was refused. Ports need not tell: the machinery looks again in any case. */
  writable?(): void
  /** Something went wrong, and the socket goes on. */
  failed(error: Error): void
  /** The last call, exactly once, after the descriptor is closed. */
  closed(): void
}

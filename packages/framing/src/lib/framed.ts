import type { Channel, Handler } from '@sock/core'
import { checkHandler, wrongType } from '@sock/core/transport'
import { checkCodec, type Codec } from './codec.js'
import { NOTHING } from './frame-input.js'
import { CodedChannel, type FramedChannel } from './framed-channel.js'
import { checkFrameOptions, type FrameOptions } from './options.js'

const CALLBACKS = ['open', 'message', 'end', 'drain', 'close']

/** A handler function for frames, like `Handler` of `@sock/core` for bytes. */
export type FrameFunction<In, Out = In> = (peer: FramedChannel<In, Out>) => void | Promise<void>

/**
 * Callbacks for frames: the fast path. While a promise returned by `message` is pending, further frames are queued;
 * when the queue is full, reading pauses.
 */
export interface FrameCallbacks<In, Out = In> {
  /** Called when a connection is open; on datagrams, when the socket is bound. */
  open?(peer: FramedChannel<In, Out>): void | Promise<void>
  /** Called for each frame. */
  message(peer: FramedChannel<In, Out>, frame: In): void | Promise<void>
  /**
   * Called when the peer has ended its side. Without it, the connection is then flushed and closed. Not called on
   * datagrams.
   */
  end?(peer: FramedChannel<In, Out>): void | Promise<void>
  /**
   * Called when queued bytes have been sent after `peer.channel.writableNeedDrain` was true. Not called on datagrams.
   */
  drain?(peer: FramedChannel<In, Out>): void | Promise<void>
  /** The last callback: the connection, or the socket, is closed. */
  close?(peer: FramedChannel<In, Out>, error?: Error): void | Promise<void>
}

/** The handler that {@link framed} returns for callbacks. It works on every server of `@sock`. */
export interface ChannelCallbacks {
  /** A connection has come; on datagrams, the socket is bound. */
  open(channel: Channel): void | Promise<void>
  /** Bytes, or a datagram, have come. */
  data(channel: Channel, chunk: Buffer, from?: unknown, truncated?: boolean): void | Promise<void>
  /** The peer has ended its side. */
  end?(channel: Channel): void | Promise<void>
  /** What was written has left. */
  drain?(channel: Channel): void | Promise<void>
  /** The connection, or the socket, is closed. */
  close(channel: Channel, error?: Error): void | Promise<void>
}

/**
 * Returns a handler for bytes from a handler for frames. It runs on all transports; each datagram is decoded on its
 * own.
 *
 * A frame that is too large, malformed or incomplete is reported as an `error` of the server, and resets its
 * connection. On datagrams, the rest of that datagram is dropped.
 *
 * @throws TypeError, RangeError for an invalid codec, handler or option
 */
export function framed<In, Out>(
  codec: Codec<In, Out>,
  handler: FrameFunction<In, Out>,
  options?: FrameOptions,
): Handler
export function framed<In, Out>(
  codec: Codec<In, Out>,
  handler: FrameCallbacks<In, Out>,
  options?: FrameOptions,
): ChannelCallbacks
export function framed<In, Out>(
  codec: Codec<In, Out>,
  handler: FrameFunction<In, Out> | FrameCallbacks<In, Out>,
  options?: FrameOptions,
): Handler | ChannelCallbacks {
  checkCodec(codec)
  const { frameTimeout } = checkFrameOptions('framed() options', options)
  const { run, callbacks } = checkHandler<FrameFunction<In, Out>, FrameCallbacks<In, Out>>(handler, CALLBACKS)
  const open = (channel: Channel): CodedChannel<In, Out> => new CodedChannel(channel, codec, frameTimeout)
  if (run !== undefined) return (channel) => runFunction(open(channel), run)
  if (callbacks?.message !== undefined) return new FramedCallbacks(open, callbacks)
  throw wrongType('handler', 'a function or an object with a callback "message"', handler)
}

async function runFunction<In, Out>(
  peer: CodedChannel<In, Out>,
  handler: FrameFunction<In, Out>,
): Promise<void> {
  try {
    await handler(peer)
    // A datagram may hold more frames than the handler has read. It runs again for them, as for further datagrams, unless it
    // reads nothing.
    for (let given = 0; peer.hasFrames && peer.given > given;) {
      given = peer.given
      // oxlint-disable-next-line no-await-in-loop -- one run after another
      await handler(peer)
    }
  } finally {
    peer.stop()
  }
}

/** A class, since servers of datagrams would refuse `end` in a plain object: they have no such callback. */
class FramedCallbacks<In, Out> implements ChannelCallbacks {
  readonly #open: (channel: Channel) => CodedChannel<In, Out>
  readonly #handler: FrameCallbacks<In, Out>
  readonly #peers = new WeakMap<Channel, CodedChannel<In, Out>>()
  readonly drain?: (channel: Channel) => void | Promise<void>

  constructor(open: (channel: Channel) => CodedChannel<In, Out>, handler: FrameCallbacks<In, Out>) {
    this.#open = open
    this.#handler = handler
    if (handler.drain !== undefined) this.drain = (channel) => handler.drain?.(this.#peer(channel))
  }

  open(channel: Channel): void | Promise<void> {
    const peer = this.#open(channel)
    this.#peers.set(channel, peer)
    return this.#handler.open?.(peer)
  }

  data(channel: Channel, chunk: Buffer, _from?: unknown, truncated?: boolean): void | Promise<void> {
    const peer = this.#peer(channel)
    peer.push(chunk, truncated)
    return this.#deliver(peer)
  }

  end(channel: Channel): void | Promise<void> {
    const peer = this.#peer(channel)
    peer.finish()
    const last = this.#deliver(peer)
    return last === undefined ? this.#ended(peer) : last.then(() => this.#ended(peer))
  }

  close(channel: Channel, error?: Error): void | Promise<void> {
    const peer = this.#peer(channel)
    peer.stop()
    const closed = this.#handler.close?.(peer, error)
    // A late frame has failed outside of any callback. Throwing its error here reports it.
    const { failure } = peer
    if (failure === undefined) return closed
    if (closed === undefined) throw failure
    return closed.then(() => Promise.reject(failure))
  }

  #peer(channel: Channel): CodedChannel<In, Out> {
    return this.#peers.get(channel) as CodedChannel<In, Out>
  }

  #ended(peer: CodedChannel<In, Out>): void | Promise<void> {
    return this.#handler.end === undefined ? void peer.channel.close() : this.#handler.end(peer)
  }

  /** Delivers all frames that have arrived. @returns a promise if a callback must be awaited */
  #deliver(peer: CodedChannel<In, Out>): Promise<void> | undefined {
    const pending = this.#deliverUntilBusy(peer)
    return pending === undefined ? undefined : this.#deliverRest(peer, pending)
  }

  async #deliverRest(peer: CodedChannel<In, Out>, first: Promise<void>): Promise<void> {
    // oxlint-disable-next-line no-await-in-loop -- one frame after another
    for (let busy: Promise<void> | undefined = first; busy; busy = this.#deliverUntilBusy(peer)) await busy
  }

  #deliverUntilBusy(peer: CodedChannel<In, Out>): Promise<void> | undefined {
    for (let frame = peer.next(); frame !== NOTHING; frame = peer.next()) {
      const result = this.#handler.message(peer, frame)
      if (typeof result === 'object') return result
    }
    return undefined
  }
}

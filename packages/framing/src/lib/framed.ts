import type { Channel } from '@sock/core'
import { checkHandler, isThenable, wrongType } from '@sock/core/transport'
import type { Codec } from './codec.js'
import { NOTHING } from './frame-input.js'
import { withCodec, type CodecChannel, type FramedChannel, type FrameOptions } from './framed-channel.js'

const CALLBACKS = ['open', 'message', 'end', 'drain', 'close']

/**
 * A handler function for frames, like `Handler` of `@sock/core` for bytes.
 *
 * @typeParam In the type of messages that you read
 * @typeParam Out the type of messages that you write
 * @typeParam C the type of the channel below
 */
export type FrameFunction<In, Out = In, C extends Channel = Channel> = (
  peer: FramedChannel<In, Out, C>,
) => void | Promise<void>

/**
 * Callbacks for frames, the fastest form. While a promise returned by `message` is pending, more frames are queued; when
 * the queue is full, reading pauses.
 *
 * @typeParam In the type of messages that you read
 * @typeParam Out the type of messages that you write
 * @typeParam C the type of the channel below
 */
export interface FrameCallbacks<In, Out = In, C extends Channel = Channel> {
  /** Called when a connection is open; on datagrams, when the socket is bound. */
  open?(peer: FramedChannel<In, Out, C>): void | Promise<void>
  /** Called for each frame. If it fails, a connection is reset; on datagrams, the rest of that datagram is dropped. */
  message(peer: FramedChannel<In, Out, C>, frame: In): void | Promise<void>
  /**
   * Called when the peer has ended its side. Without it, the connection is then flushed and closed. Not called on
   * datagrams.
   */
  end?(peer: FramedChannel<In, Out, C>): void | Promise<void>
  /**
   * Called when queued bytes have been sent after `peer.channel.writableNeedDrain` was true. Not called on datagrams.
   */
  drain?(peer: FramedChannel<In, Out, C>): void | Promise<void>
  /** The last callback: the connection, or the socket, is closed. */
  close?(peer: FramedChannel<In, Out, C>, error?: Error): void | Promise<void>
}

/** The handler that {@link framed} returns for callbacks. It works on every server whose channels are of type `C`. */
export interface ChannelCallbacks<C extends Channel = Channel> {
  /** A connection is open; on datagrams, the socket is bound. */
  open(channel: C): void | Promise<void>
  /** Bytes, or a datagram, have arrived. */
  data(channel: C, chunk: Buffer, from?: unknown, truncated?: boolean): void | Promise<void>
  /** The peer has ended its side. */
  end?(channel: C): void | Promise<void>
  /** The queued bytes have been sent. */
  drain?(channel: C): void | Promise<void>
  /** The connection, or the socket, is closed. */
  close(channel: C, error?: Error): void | Promise<void>
}

/**
 * Returns a handler for bytes from a handler for frames. It runs on all transports; each datagram is decoded on its
 * own.
 *
 * A frame that is too large, malformed or incomplete is reported as an `error` of the server, and resets its
 * connection. On datagrams, the rest of that datagram is dropped.
 *
 * In `createTcpServer<Session>(framed(…))`, `peer.channel` is a `TcpConnection<Session>`, and `peer.data` a `Session`. It
 * is the same on the other servers, if they have a type argument; otherwise `peer.channel` is a `Channel`.
 *
 * @throws TypeError, RangeError for an invalid codec, handler or option
 */
export function framed<In, Out, C extends Channel = Channel>(
  codec: Codec<In, Out>,
  handler: FrameFunction<In, Out, C>,
  options?: FrameOptions,
): (channel: C) => void | Promise<void>
export function framed<In, Out, C extends Channel = Channel>(
  codec: Codec<In, Out>,
  handler: FrameCallbacks<In, Out, C>,
  options?: FrameOptions,
): ChannelCallbacks<C>
export function framed<In, Out, C extends Channel = Channel>(
  codec: Codec<In, Out>,
  handler: FrameFunction<In, Out, C> | FrameCallbacks<In, Out, C>,
  options?: FrameOptions,
): ((channel: C) => void | Promise<void>) | ChannelCallbacks<C> {
  const open = withCodec<In, Out, C>('framed() options', codec, options)
  const { run, callbacks } = checkHandler<FrameFunction<In, Out, C>, FrameCallbacks<In, Out, C>>(
    handler,
    CALLBACKS,
  )
  if (run !== undefined) return (channel) => runFunction(open(channel), run)
  if (callbacks?.message !== undefined) return callbacksFor(open, callbacks)
  throw wrongType('handler', 'a function or an object with a callback "message"', handler)
}

async function runFunction<In, Out, C extends Channel>(
  peer: CodecChannel<In, Out, C>,
  handler: FrameFunction<In, Out, C>,
): Promise<void> {
  try {
    // A datagram may hold more frames than the handler has read. The handler runs again for them, as it does for the
    // next datagram, unless it reads nothing.
    let framesRead: number
    do {
      framesRead = peer.framesRead
      // oxlint-disable-next-line no-await-in-loop -- one run after another
      await handler(peer)
    } while (peer.hasFrames && peer.framesRead > framesRead)
  } finally {
    peer.stop()
  }
  // A late frame has failed while the handler did not read.
  if (peer.failure !== undefined) throw peer.failure
}

function callbacksFor<In, Out, C extends Channel>(
  open: (channel: C) => CodecChannel<In, Out, C>,
  handler: FrameCallbacks<In, Out, C>,
): ChannelCallbacks<C> {
  const peers = new WeakMap<C, CodecChannel<In, Out, C>>()
  const peerOf = (channel: C): CodecChannel<In, Out, C> => peers.get(channel) as CodecChannel<In, Out, C>

  /** Delivers frames until a callback returns a promise. */
  function deliver(peer: CodecChannel<In, Out, C>): PromiseLike<void> | undefined {
    try {
      for (let frame = peer.next(); frame !== NOTHING; frame = peer.next()) {
        const busy: unknown = handler.message(peer, frame)
        if (busy !== undefined && isThenable(busy)) return busy as PromiseLike<void>
      }
      return undefined
    } catch (error) {
      // The rest of a datagram must not be delivered with the next one: its answers would go to another sender.
      peer.stop()
      throw error
    }
  }

  async function deliverRest(
    peer: CodecChannel<In, Out, C>,
    first: PromiseLike<void> | undefined,
  ): Promise<void> {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one frame after another
      for (let busy = first; busy !== undefined; busy = deliver(peer)) await busy
    } catch (error) {
      peer.stop()
      throw error
    }
  }

  const callbacks: ChannelCallbacks<C> = {
    open(channel) {
      const peer = open(channel)
      peers.set(channel, peer)
      return handler.open?.(peer)
    },
    data(channel, chunk, _from, truncated) {
      const peer = peerOf(channel)
      peer.push(chunk, truncated)
      const busy = deliver(peer)
      return busy && deliverRest(peer, busy)
    },
    async end(channel) {
      const peer = peerOf(channel)
      peer.endInput()
      await deliverRest(peer, deliver(peer))
      if (handler.end === undefined) void peer.channel.close()
      else await handler.end(peer)
    },
    async close(channel, error) {
      const peer = peers.get(channel)
      // The codec has failed in `open`, and the handler has heard nothing of this channel.
      if (peer === undefined) return
      peer.stop()
      await handler.close?.(peer, error)
      // A late frame has failed outside of any callback. Throwing its error here reports it.
      if (peer.failure !== undefined) throw peer.failure
    },
  }
  if (handler.drain !== undefined) callbacks.drain = (channel) => handler.drain?.(peerOf(channel))
  // Not a plain object: servers of datagrams would refuse `end`, since they have no such callback.
  return Object.create(callbacks) as ChannelCallbacks<C>
}

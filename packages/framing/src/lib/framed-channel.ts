import type { Channel, Connection, DatagramChannel, ReadOptions } from '@sock/core'
import { wrongType } from '@sock/core/transport'
import { checkCodec, incomplete, type Codec } from './codec.js'
import { FrameDeadlines, type Waiting } from './frame-deadlines.js'
import { FrameInput, NOTHING } from './frame-input.js'
import { checkFrameOptions, type FrameOptions } from './options.js'

/**
 * A channel whose messages are frames. The channel behind it is `channel`: for what has nothing to do with frames.
 *
 * @typeParam In what is read
 * @typeParam Out what is written
 * @typeParam C the channel behind it
 */
export interface FramedChannel<In, Out = In, C extends Channel = Channel>
  extends AsyncIterable<In>, AsyncDisposable {
  readonly channel: C
  /** The `signal` of the channel: aborts when it is time to stop. */
  readonly signal: AbortSignal
  /** Yours. It is the `data` of the channel. */
  data: C['data']
  /** Frames that were discarded since they were too long, with `tooLong: 'skip'`. */
  readonly skipped: number
  /**
   * The next frame; `null` at the end of input. Rejects as `read()` of the channel does, and with `ERR_SOCK_FRAME_TOO_LARGE`,
   * `ERR_SOCK_FRAME_MALFORMED` or `ERR_SOCK_FRAME_INCOMPLETE`: then a connection is reset, and on datagrams what is left of
   * the datagram is dropped.
   */
  read(options?: ReadOptions): Promise<In | null>
  /**
   * Writes a message with its frame, as `write()` of the channel does: await it for back-pressure. On datagrams each message is
   * a datagram, and answers the sender of the frame that was read last. Rejects for a message that the codec refuses.
   */
  write(message: Out): Promise<void>
  /** Flushes, then closes. Frames that have not been read are dropped. */
  close(): Promise<void>
}

/**
 * Frames on a channel that you have, for example one that `connectTcp()` has resolved with. From then on, they take its input.
 *
 * @throws TypeError, RangeError for a channel, codec or options that make no sense
 */
export function frames<In, Out, C extends Channel>(
  channel: C,
  codec: Codec<In, Out>,
  options?: FrameOptions,
): FramedChannel<In, Out, C> {
  checkChannel(channel)
  checkCodec(codec)
  const { frameTimeout } = checkFrameOptions('frames() options', options)
  const framed = new CodedChannel(channel, codec, new FrameDeadlines(frameTimeout))
  return framed as unknown as FramedChannel<In, Out, C>
}

/** The framed channel that handlers and programs get, and what feeds it. */
export class CodedChannel<In, Out> implements FramedChannel<In, Out>, Waiting {
  readonly channel: Channel
  readonly #codec: Codec<In, Out>
  readonly #deadlines: FrameDeadlines
  readonly #input: FrameInput<In>
  /** Undefined on datagrams, each of which has whole frames. */
  readonly #connection: Connection | undefined
  /** The datagram whose frames are being read. */
  #datagram: 'none' | 'whole' | 'truncated' = 'none'
  /** `ended`: no more bytes come. `closed`: what is here is not wanted any more. */
  #state: 'open' | 'ended' | 'closed' = 'open'
  /** Why it was reset. */
  failure: Error | undefined

  constructor(channel: Channel, codec: Codec<In, Out>, deadlines: FrameDeadlines) {
    this.channel = channel
    this.#codec = codec
    this.#deadlines = deadlines
    this.#input = new FrameInput(codec)
    this.#connection = isDatagramChannel(channel) ? undefined : (channel as Connection)
  }

  get signal(): AbortSignal {
    return this.channel.signal
  }
  get data(): unknown {
    return this.channel.data
  }
  set data(value: unknown) {
    this.channel.data = value
  }
  get skipped(): number {
    return this.#input.skipped
  }
  /** Whether frames are here that nobody has read. */
  get hasFrames(): boolean {
    return this.#state !== 'closed' && (this.#input.hasMore || this.#datagram !== 'none')
  }

  read(options?: ReadOptions): Promise<In | null> {
    return this.#pull((frame) => frame, null, options)
  }

  [Symbol.asyncIterator](): AsyncIterator<In, undefined> {
    return {
      next: () => this.#pull<IteratorResult<In, undefined>>(toResult, DONE),
      // As on the channel itself: leaving a loop early ends the reading of a connection, and nothing of a shared socket.
      return: async () => {
        if (this.#connection !== undefined) {
          this.stop()
          this.#connection.closeRead()
        }
        return DONE
      },
    }
  }

  write(message: Out): Promise<void> {
    let encoded: Uint8Array | Uint8Array[]
    try {
      encoded = this.#codec.encode(message)
    } catch (error) {
      return refused(error as Error)
    }
    if (!Array.isArray(encoded)) return this.channel.write(encoded)
    if (this.#connection === undefined) return this.channel.write(Buffer.concat(encoded))
    let written = Promise.resolve()
    for (const part of encoded) written = this.channel.write(part)
    return written
  }

  close(): Promise<void> {
    this.stop()
    return this.channel.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // What feeds it.

  /** Bytes have come. */
  push(chunk: Buffer): void {
    this.#input.push(chunk)
  }

  /** A datagram has come. */
  pushDatagram(data: Buffer, truncated: boolean): void {
    this.#datagram = truncated ? 'truncated' : 'whole'
    this.#input.push(data)
  }

  /** No more bytes come. @throws SockError `ERR_SOCK_FRAME_INCOMPLETE` */
  finish(): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    this.#deadlines.end(this)
    this.#input.end()
  }

  /** The next frame of what is here. @throws SockError what is wrong with it */
  next(): In | typeof NOTHING {
    if (this.#state === 'closed') return NOTHING
    let frame = this.#input.next()
    if (frame === NOTHING && this.#datagram !== 'none') {
      this.#endDatagram()
      frame = this.#input.next()
    }
    this.#waitForRest(frame === NOTHING && this.#input.isPartial)
    return frame
  }

  /** From now on there are no frames, also if some are here. */
  stop(): void {
    this.#state = 'closed'
    this.#deadlines.end(this)
  }

  /** What is left of the datagram is dropped, since something is wrong with it. */
  dropDatagram(): void {
    this.#datagram = 'none'
    this.#input.reset()
  }

  /** The rest of a frame did not come in time. */
  late(ms: number): void {
    this.#reset(incomplete(this.#input.takePartial(), `after ${ms} ms (frameTimeout)`))
  }

  /** After a frame that is wrong, nothing that follows can be trusted. */
  #reset(error: Error): void {
    this.failure = error
    this.stop()
    this.#connection?.destroy(error)
  }

  /** What is left at the end of a datagram is the last frame, or a part of one. */
  #endDatagram(): void {
    const isCut = this.#datagram === 'truncated'
    this.#datagram = 'none'
    if (isCut) throw incomplete(this.#input.takePartial(), 'before the place where the datagram was cut')
    this.#input.end()
  }

  /** Tells the shutdown and the deadlines whether the rest of a frame has to come. */
  #waitForRest(isPartial: boolean): void {
    const connection = this.#connection
    if (connection === undefined || connection.busy === isPartial) return
    connection.busy = isPartial
    if (isPartial) this.#deadlines.begin(this)
    else this.#deadlines.end(this)
  }

  /** The next frame, or `end`; without waiting where it is here. */
  #pull<T>(take: (frame: In) => T, end: T, options?: ReadOptions): Promise<T> {
    let frame: In | typeof NOTHING
    try {
      frame = this.next()
    } catch (error) {
      return this.#failed(error as Error)
    }
    if (frame !== NOTHING) return Promise.resolve(take(frame))
    return this.#state === 'open' ? this.#wait(take, end, options) : Promise.resolve(end)
  }

  async #wait<T>(take: (frame: In) => T, end: T, options?: ReadOptions): Promise<T> {
    const until = options?.timeout === undefined ? undefined : performance.now() + options.timeout
    while (this.#state === 'open') {
      const left = until === undefined ? options : { ...options, timeout: timeLeft(until) }
      // oxlint-disable-next-line no-await-in-loop -- one chunk after another
      const receive = await this.#receive(left)
      try {
        receive()
        const frame = this.next()
        if (frame !== NOTHING) return take(frame)
      } catch (error) {
        return this.#failed(error as Error)
      }
    }
    return end
  }

  /** Waits for bytes. @returns what decodes them */
  async #receive(options?: ReadOptions): Promise<() => void> {
    if (isDatagramChannel(this.channel)) {
      const datagram = await this.channel.receive(options)
      return () => (datagram === null ? this.finish() : this.pushDatagram(datagram.data, datagram.truncated))
    }
    const chunk = await this.channel.read(options)
    return () => (chunk === null ? this.finish() : this.push(chunk))
  }

  /** The decoder has failed while somebody reads. */
  #failed(error: Error): Promise<never> {
    if (this.#connection === undefined) this.dropDatagram()
    else this.#reset(error)
    return Promise.reject(error)
  }
}

/** @throws TypeError unless it is a connection or a datagram channel */
export function checkChannel(channel: unknown): void {
  if (typeof (channel as Channel | undefined)?.read === 'function') return
  throw wrongType('channel', 'a connection or a datagram channel', channel)
}

/** Whether a channel is one of datagrams. */
export function isDatagramChannel(channel: Channel): channel is DatagramChannel {
  return 'receive' in channel
}

function toResult<In>(value: In): IteratorResult<In, undefined> {
  return { done: false, value }
}

/** In ms; 0 takes what is here already. */
function timeLeft(until: number): number {
  return Math.max(0, Math.ceil(until - performance.now()))
}

/** A rejection that nobody has to wait for. */
function refused(error: Error): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(() => undefined)
  return promise
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

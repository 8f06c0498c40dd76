import { types } from 'node:util'
import type { Channel, Connection, DatagramChannel, ReadOptions } from '@sock/core'
import {
  asError,
  check,
  checkOptions,
  Sweep,
  useInput,
  wrongType,
  type InputUser,
} from '@sock/core/transport'
import { checkCodec, incomplete, malformed, type Codec } from './codec.js'
import { FrameInput, NOTHING } from './frame-input.js'
import { FrameTimer, type FrameTimeLimit, type FrameTimerOwner } from './frame-timer.js'

/** Options of {@link framed} and {@link frames}. */
export interface FrameOptions {
  /**
   * How long a frame may take from its first byte to its last, in ms. After that, and at most 12.5 % later, the
   * connection is reset with `ERR_SOCK_FRAME_INCOMPLETE`. `idleTimeout` does not limit this: a peer that sends one byte
   * per second makes progress. The time starts when your handler has read the frames before this one. It stands still
   * while received bytes wait for your handler, and while the event loop is blocked: the frame may have arrived.
   * Datagrams hold complete frames, so it does not affect them. Default: no limit.
   */
  frameTimeout?: number | undefined
}

/**
 * A channel whose messages are frames. Use `channel`, the channel below it, for everything else.
 *
 * @typeParam In the type of messages that you read
 * @typeParam Out the type of messages that you write
 * @typeParam C the type of the channel below
 */
export interface FramedChannel<In, Out = In, C extends Channel = Channel>
  extends AsyncIterable<In>, AsyncDisposable {
  /** The channel that carries the frames. */
  readonly channel: C
  /** The `signal` of the channel: aborts when the handler should stop. */
  readonly signal: AbortSignal
  /** The `data` of the channel, yours to use. */
  data: C['data']
  /** Number of frames that were discarded because they were too long, with `tooLong: 'skip'`. */
  readonly skipped: number
  /**
   * Resolves with the next frame, or with `null` at the end of the input. Rejects like `read()` of the channel, and
   * with `ERR_SOCK_FRAME_TOO_LARGE`, `ERR_SOCK_FRAME_MALFORMED` or `ERR_SOCK_FRAME_INCOMPLETE`. Such an error resets
   * a connection, and every later read rejects with it; on datagrams the rest of the datagram is dropped. Frames that
   * are not read when this side closes or destroys the channel are dropped.
   *
   * A frame that is `null`, as a codec for JSON may give it, cannot be told from the end: it is such an error, with the
   * code `ERR_SOCK_FRAME_MALFORMED`. Read such frames with `for await` or with a callback `message`.
   */
  read(options?: ReadOptions): Promise<In | null>
  /**
   * Writes a message as a frame, like `write()` of the channel: await it for back-pressure. On datagrams each message
   * is a datagram, and answers the sender of the frame that was read last. Rejects if the codec refuses the message.
   */
  write(message: Out): Promise<void>
  /** Flushes, then closes. Unread frames are dropped. */
  close(): Promise<void>
}

/**
 * Returns frames on a channel that you have, for example from `connectTcp()`. From then on, the result takes the
 * channel's input.
 *
 * @throws TypeError, RangeError for an invalid channel, codec or option
 */
export function frames<In, Out, C extends Channel>(
  channel: C,
  codec: Codec<In, Out>,
  options?: FrameOptions,
): FramedChannel<In, Out, C> {
  checkChannel(channel)
  return withCodec<In, Out, C>('frames() options', codec, options)(channel)
}

/** Checks a codec and options. @returns a function that puts frames on a channel */
export function withCodec<In, Out, C extends Channel = Channel>(
  what: string,
  codec: Codec<In, Out>,
  options: FrameOptions | undefined,
): (channel: C) => CodecChannel<In, Out, C> {
  checkCodec(codec)
  const { frameTimeout } = checkOptions(what, options, { frameTimeout: check.milliseconds(Infinity, 1) })
  const limit = frameTimeout < Infinity ? { ms: frameTimeout, sweep: new Sweep() } : undefined
  return (channel) => new CodecChannel(channel, codec, limit)
}

/** The framed channel of handlers and programs, with the methods that supply its input. */
export class CodecChannel<In, Out, C extends Channel = Channel>
  implements FramedChannel<In, Out, C>, InputUser, FrameTimerOwner
{
  readonly channel: C
  readonly #codec: Codec<In, Out>
  /** Undefined on datagrams: a datagram holds complete frames. */
  readonly #connection: Connection | undefined
  /** Undefined when it was dropped. On datagrams, the next one makes another. */
  #input: FrameInput<In> | undefined
  /** Number of frames that earlier inputs have skipped. */
  #skipped = 0
  /**
   * `open`: more bytes may come. `ended`: the peer sends no more. `closed`: this side reads no more. An error: the input
   * has failed, and every later read fails with it.
   */
  #state: 'open' | 'ended' | 'closed' | Error = 'open'
  /** The error of a frame that was late, until a read has rejected with it. */
  failure: Error | undefined
  /** Number of frames that were read. */
  framesRead = 0
  /** Whether the rest of a frame is missing, and every frame before it was read. */
  isBusy = false
  /** Undefined without `frameTimeout`. */
  readonly timer: FrameTimer | undefined

  constructor(channel: C, codec: Codec<In, Out>, limit: FrameTimeLimit | undefined) {
    this.channel = channel
    this.#codec = codec
    this.#input = new FrameInput(codec)
    this.#connection = 'receive' in channel ? undefined : (channel as Channel as Connection)
    if (this.#connection === undefined) return
    useInput(this.#connection, this)
    if (limit !== undefined) this.timer = new FrameTimer(this, limit)
  }

  get signal(): AbortSignal {
    return this.channel.signal
  }
  get data(): C['data'] {
    return this.channel.data
  }
  set data(value: C['data']) {
    this.channel.data = value
  }
  get skipped(): number {
    return this.#skipped + (this.#input?.skipped ?? 0)
  }
  /** Whether a datagram has frames that were not read. */
  get hasFrames(): boolean {
    return this.#connection === undefined && this.#input?.isReady === true
  }

  read(options?: ReadOptions): Promise<In | null> {
    return this.#pull((frame) => frame, null, options)
  }

  [Symbol.asyncIterator](): AsyncIterator<In, undefined> {
    const toResult = (value: In): IteratorResult<In, undefined> => ({ done: false, value })
    return {
      next: () => this.#pull(toResult, DONE),
      // As on the channel itself: leaving a loop early stops reading from a connection, but does not affect a shared
      // socket.
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
      if (Array.isArray(encoded)) {
        // Nothing is sent of a frame of which one part is wrong.
        for (const part of encoded)
          if (!types.isUint8Array(part))
            throw wrongType('encoded message', 'a Uint8Array or an array of them', part)
        if (this.#connection === undefined) encoded = Buffer.concat(encoded)
      }
    } catch (error) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a codec may throw anything
      const refused = Promise.reject(error)
      // A caller that does not await it must not end the process.
      refused.catch(() => undefined)
      return refused
    }
    if (!Array.isArray(encoded)) return this.channel.write(encoded)
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

  // Input.

  /** Adds received bytes; with `truncated`, a datagram. */
  push(data: Buffer, truncated?: boolean): void {
    if (truncated === undefined) {
      this.#input?.push(data)
      return
    }
    // On a shared socket, `close()` is for one datagram only: the next one opens the input again.
    this.#state = 'open'
    this.#input ??= new FrameInput(this.#codec)
    this.#input.push(data, truncated ? 'cut' : 'whole')
  }

  /** The peer has ended the input. */
  endInput(): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    this.isBusy = false
    this.#input?.end()
  }

  /**
   * Returns the next frame that has arrived. A wrong one resets the connection.
   *
   * @throws what is wrong with the frame
   */
  next(): In | typeof NOTHING {
    // A connection tells its user; a shared socket does not.
    if (this.#connection === undefined && !this.channel.isOpen) this.stop()
    const input = this.#input
    if (input === undefined) return NOTHING
    try {
      const frame = input.next()
      if (frame === NOTHING) this.#waitForRest(input.partialBytes > 0)
      else {
        this.framesRead += 1
        if (this.isBusy) this.isBusy = false
      }
      return frame
    } catch (error) {
      throw this.#fail(asError(error))
    }
  }

  /** Drops unread frames, and reads no more; on datagrams, until the next one. */
  stop(): void {
    if (this.#isReading) this.#state = 'closed'
    this.#drop()
  }

  inputDropped(error?: Error): void {
    // As on the connection: if everything up to the peer's end was read, reads get the end.
    const isWhole = this.#state === 'ended' && (this.#input?.isEmpty ?? true)
    if (error === undefined || isWhole) this.stop()
    else {
      if (this.#isReading) this.#state = error
      this.#drop()
    }
  }

  get #isReading(): boolean {
    return this.#state === 'open' || this.#state === 'ended'
  }

  #drop(): void {
    this.#skipped = this.skipped
    this.#input = undefined
    this.isBusy = false
  }

  /**
   * After a wrong frame, the bytes that follow cannot be trusted. The next datagram has nothing to do with them.
   *
   * @returns the error
   */
  #fail(error: Error): Error {
    if (this.#connection !== undefined) this.#state = error
    this.#drop()
    this.#connection?.destroy(error)
    return error
  }

  /** Notes whether the rest of a frame is missing, and limits its time. */
  #waitForRest(isPartial: boolean): void {
    if (this.isBusy === isPartial || this.#state !== 'open' || this.#connection === undefined) return
    this.isBusy = isPartial
    if (isPartial) this.timer?.start()
  }

  /** Called by the timer: the rest of a frame did not come in time. */
  frameIsLate(ms: number): void {
    const input = this.#input as FrameInput<In>
    const size = input.partialBytes
    this.failure = incomplete(input.takePartial(), `after ${ms} ms (frameTimeout)`, size)
    this.#fail(this.failure)
  }

  /** Resolves with the next frame, or with `end`. If a frame has arrived already, no async function runs. */
  #pull<T>(take: (frame: In) => T, end: T, options?: ReadOptions): Promise<T> {
    if (options !== undefined || this.#input?.hasFrame !== true) return this.#wait(take, end, options)
    const frame = this.next()
    if (frame === NOTHING) return this.#wait(take, end)
    return (frame as unknown) === end
      ? Promise.reject(this.#fail(looksLikeEnd()))
      : Promise.resolve(take(frame))
  }

  async #wait<T>(take: (frame: In) => T, end: T, options?: ReadOptions): Promise<T> {
    const limit = options === undefined ? undefined : checkOptions('read options', options, READ_OPTIONS)
    limit?.signal?.throwIfAborted()
    const until = limit?.timeout === undefined ? undefined : performance.now() + limit.timeout
    for (;;) {
      const frame = this.next()
      if ((frame as unknown) === end) throw this.#fail(looksLikeEnd())
      if (frame !== NOTHING) return take(frame)
      if (typeof this.#state === 'object') throw this.#reported(this.#state)
      if (this.#state !== 'open') return end
      try {
        // oxlint-disable-next-line no-await-in-loop -- one chunk after another
        await this.#receive(until === undefined ? options : { ...options, timeout: timeLeft(until) })
      } catch (error) {
        throw this.#reported(error)
      }
    }
  }

  /** Waits for bytes, or for the end of the input. */
  async #receive(options?: ReadOptions): Promise<void> {
    const connection = this.#connection
    const received = await (connection?.read(options) ??
      (this.channel as Channel as DatagramChannel).receive(options))
    if (received === null) this.endInput()
    else if (Buffer.isBuffer(received)) this.push(received)
    else this.push(received.data, received.truncated)
  }

  /** A read rejects with this error: if it is that of a late frame, nobody else must report it. @returns the error */
  #reported<E>(error: E): E {
    if (error === (this.failure as unknown)) this.failure = undefined
    return error
  }
}

/** Checks a channel. @throws TypeError unless it is a connection or a datagram channel */
export function checkChannel(channel: unknown): void {
  if (typeof (channel as Channel | undefined)?.read === 'function') return
  throw wrongType('channel', 'a connection or a datagram channel', channel)
}

/** Returns the error for a frame that `read()` cannot give. */
function looksLikeEnd(): Error {
  return malformed(
    'Frame is null, which read() returns at the end. Read it with "for await", or with a callback "message"',
  )
}

/** Returns the remaining time in ms; with 0 a read takes only what has arrived. */
function timeLeft(until: number): number {
  return Math.max(0, Math.ceil(until - performance.now()))
}

const READ_OPTIONS = { signal: check.abortSignal, timeout: check.milliseconds(undefined) }

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

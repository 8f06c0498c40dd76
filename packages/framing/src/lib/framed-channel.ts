import type { Channel, Connection, DatagramChannel, ReadOptions } from '@sock/core'
import { check, checkOptions, wrongType } from '@sock/core/transport'
import { checkCodec, incomplete, type Codec } from './codec.js'
import { FrameInput, NOTHING } from './frame-input.js'

/** Options of {@link framed} and {@link frames}. */
export interface FrameOptions {
  /**
   * How long a frame may take from its first byte to its last, in ms. After that the connection is reset with
   * `ERR_SOCK_FRAME_INCOMPLETE`. `idleTimeout` does not limit this: a peer that sends one byte per second makes
   * progress. The time starts when your handler has read the frames before this one. Datagrams hold complete frames,
   * so it does not affect them. Default: no limit.
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
   * a connection; on datagrams the rest of the datagram is dropped.
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
  return coded<In, Out, C>('frames() options', codec, options)(channel)
}

/** Checks a codec and options. @returns a function that puts frames on a channel */
export function coded<In, Out, C extends Channel = Channel>(
  what: string,
  codec: Codec<In, Out>,
  options: FrameOptions | undefined,
): (channel: C) => CodedChannel<In, Out, C> {
  checkCodec(codec)
  const { frameTimeout } = checkOptions(what, options, { frameTimeout: check.milliseconds(Infinity, 1) })
  return (channel) => new CodedChannel(channel, codec, frameTimeout)
}

/** The framed channel of handlers and programs, with the methods that supply its input. */
export class CodedChannel<In, Out, C extends Channel = Channel> implements FramedChannel<In, Out, C> {
  readonly channel: C
  readonly #codec: Codec<In, Out>
  readonly #frameTimeout: number
  #input: FrameInput<In>
  /** Number of frames that earlier inputs have skipped. */
  #skipped = 0
  /** Undefined on datagrams: a datagram holds complete frames. */
  readonly #connection: Connection | undefined
  /** Whether more bytes may come. */
  #isOpen = true
  /** Whether `busy` is set because the rest of a frame is missing, and the timer that limits how long. */
  #isWaiting = false
  #timer: NodeJS.Timeout | undefined
  /** The error of a frame that was late. */
  failure: Error | undefined
  /** Number of frames that were read. */
  given = 0

  constructor(channel: C, codec: Codec<In, Out>, frameTimeout: number) {
    this.channel = channel
    this.#codec = codec
    this.#frameTimeout = frameTimeout
    this.#input = new FrameInput(codec)
    this.#connection = 'receive' in channel ? undefined : (channel as Channel as Connection)
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
    return this.#skipped + this.#input.skipped
  }
  /** Whether a datagram has frames that were not read. */
  get hasFrames(): boolean {
    return this.#connection === undefined && this.#input.isReady
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
    } catch (error) {
      const failure = error as Error
      const refused = Promise.reject(failure)
      // A caller that does not await it must not end the process.
      refused.catch(() => undefined)
      return refused
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

  // Input.

  /** Adds received bytes; with `truncated`, a datagram. */
  push(data: Buffer, truncated?: boolean): void {
    if (truncated === undefined) {
      if (this.#isOpen) this.#input.push(data)
      return
    }
    // On a shared socket, `close()` is for one datagram only: the next one opens the input again.
    this.#isOpen = true
    this.#input.push(data, truncated ? 'cut' : 'whole')
  }

  /** Ends the input. */
  finish(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#timer)
    this.#input.end()
  }

  /**
   * Returns the next frame that has arrived. A wrong one resets the connection.
   *
   * @throws SockError what is wrong with the frame
   */
  next(): In | typeof NOTHING {
    let frame: In | typeof NOTHING
    try {
      frame = this.#input.next()
    } catch (error) {
      this.#reset(error as Error)
      throw error
    }
    if (frame !== NOTHING) this.given += 1
    if (frame === NOTHING || this.#isWaiting) this.#waitForRest(frame === NOTHING && this.#input.isPartial)
    return frame
  }

  /** Drops unread frames, and reads no more; on datagrams, until the next one. */
  stop(): void {
    this.#isOpen = false
    this.#drop()
    clearTimeout(this.#timer)
  }

  #drop(): void {
    this.#skipped = this.skipped
    this.#input = new FrameInput(this.#codec)
  }

  /** After a wrong frame, the bytes that follow cannot be trusted. The next datagram has nothing to do with them. */
  #reset(error: Error): void {
    if (this.#connection === undefined) return this.#drop()
    this.stop()
    this.#connection.destroy(error)
  }

  /** Tells shutdown whether the rest of a frame is missing, and limits its time. */
  #waitForRest(isPartial: boolean): void {
    const connection = this.#connection
    if (connection === undefined || this.#isWaiting === isPartial) return
    this.#isWaiting = isPartial
    connection.busy = isPartial
    const ms = this.#frameTimeout
    clearTimeout(this.#timer)
    if (!isPartial || ms === Infinity) return
    const late = (): void => {
      this.failure = incomplete(this.#input.takePartial(), `after ${ms} ms (frameTimeout)`)
      this.#reset(this.failure)
    }
    this.#timer = setTimeout(late, ms).unref()
  }

  /** Resolves with the next frame, or with `end`. If a frame has arrived already, no async function runs. */
  #pull<T>(take: (frame: In) => T, end: T, options?: ReadOptions): Promise<T> {
    if (!this.#input.hasFrame) return this.#wait(take, end, options)
    return Promise.resolve(take(this.next() as In))
  }

  async #wait<T>(take: (frame: In) => T, end: T, options?: ReadOptions): Promise<T> {
    const until = options?.timeout === undefined ? undefined : performance.now() + options.timeout
    for (;;) {
      const frame = this.next()
      if (frame !== NOTHING) return take(frame)
      if (!this.#isOpen) return end
      // oxlint-disable-next-line no-await-in-loop -- one chunk after another
      await this.#receive(until === undefined ? options : { ...options, timeout: timeLeft(until) })
    }
  }

  /** Waits for bytes, or for the end of the input. */
  async #receive(options?: ReadOptions): Promise<void> {
    const connection = this.#connection
    const received = await (connection?.read(options) ??
      (this.channel as Channel as DatagramChannel).receive(options))
    if (received === null) this.finish()
    else if (Buffer.isBuffer(received)) this.push(received)
    else this.push(received.data, received.truncated)
  }
}

/** Checks a channel. @throws TypeError unless it is a connection or a datagram channel */
export function checkChannel(channel: unknown): void {
  if (typeof (channel as Channel | undefined)?.read === 'function') return
  throw wrongType('channel', 'a connection or a datagram channel', channel)
}

/** Returns the remaining time in ms; with 0 a read takes only what has arrived. */
function timeLeft(until: number): number {
  return Math.max(0, Math.ceil(until - performance.now()))
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

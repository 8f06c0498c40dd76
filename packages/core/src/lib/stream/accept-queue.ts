import type { Address } from '../address/address.js'
import { createDeferred, RESOLVED, type Deferred } from '../async/deferred.js'
import type { Listener } from '../server/server-parts.js'
import type { Handshake, StreamListener, StreamListenerSink, StreamPort } from './port.js'

/** How many peers may wait to be accepted where nothing else is said (`backlog` of server.listen() in Node's documentation). */
export const DEFAULT_BACKLOG = 511
/** The queue counts as empty when no peer came out of it for so long, in ms: an engine may accept one in each turn of the loop. */
const QUIET = 20
/** When accepting failed, as for want of descriptors, it is tried again after so many ms. */
const TRY_AGAIN = 100

/**
 * The peers that the system has connected to a listener and the server has not accepted yet: when accepting is tried again
 * after a failure, and how long it goes on when the server shuts down. Nothing tells that this queue is empty.
 */
export class AcceptQueue<Addr extends Address> implements Listener<Addr>, StreamListenerSink {
  readonly #sink: StreamListenerSink
  readonly #backlog: number
  #listener!: StreamListener<Addr>
  #acceptAgain: (() => void) | undefined
  #retry: NodeJS.Timeout | undefined

  /** While draining: how many peers came since it was last looked at, and how many in all. */
  #newcomers = 0
  #total = 0
  #drained: Deferred<void> | undefined
  #quiet: NodeJS.Timeout | undefined
  #look: NodeJS.Immediate | undefined
  #isClosed = false

  /**
   * Opens a listener that delivers to `sink`.
   *
   * @param backlog how many peers may wait at once
   */
  static async open<Addr extends Address>(
    open: (sink: StreamListenerSink) => Promise<StreamListener<Addr>>,
    sink: StreamListenerSink,
    backlog: number,
  ): Promise<Listener<Addr>> {
    const queue = new AcceptQueue<Addr>(sink, backlog)
    queue.#listener = await open(queue)
    return queue
  }

  private constructor(sink: StreamListenerSink, backlog: number) {
    this.#sink = sink
    this.#backlog = backlog
  }

  // What the server asks.

  get address(): Addr {
    return this.#listener.address
  }
  get ref(): (() => void) | undefined {
    return this.#listener.ref?.bind(this.#listener)
  }
  get unref(): (() => void) | undefined {
    return this.#listener.unref?.bind(this.#listener)
  }

  /**
   * Accepts on until no peer came for {@link QUIET} ms, or so many came that nobody can be left of those who waited when it
   * began: newcomers may go on coming for ever. There is no limit of time, since on a busy machine one turn of the event
   * loop, which accepts one, may take long. Each look comes after such a turn, so that a loop that was blocked overlooks
   * nobody.
   */
  drain(): Promise<void> {
    if (this.#isClosed) return RESOLVED
    this.#listener.removeName?.()
    this.#tryAgain()
    this.#newcomers = this.#total = 0
    this.#quiet = setTimeout(() => (this.#look = setImmediate(() => this.#judge())), QUIET)
    this.#drained = createDeferred()
    return this.#drained.promise
  }

  close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    clearTimeout(this.#quiet)
    clearImmediate(this.#look)
    this.#drained?.resolve()
    return this.#listener.close()
  }

  // What the listener tells.

  accept(port: StreamPort): void {
    this.#count()
    this.#sink.accept(port)
  }

  handshake(handshake: Handshake): void {
    this.#count()
    this.#sink.handshake(handshake)
  }

  failed(error: Error, acceptAgain?: () => void): void {
    if (acceptAgain !== undefined) {
      this.#acceptAgain = acceptAgain
      clearTimeout(this.#retry)
      // The listener keeps the process alive, if anything is to.
      this.#retry = setTimeout(() => this.#tryAgain(), TRY_AGAIN).unref()
    }
    this.#sink.failed(error)
  }

  #count(): void {
    this.#newcomers += 1
    this.#total += 1
  }

  #tryAgain(): void {
    clearTimeout(this.#retry)
    const acceptAgain = this.#acceptAgain
    this.#acceptAgain = undefined
    acceptAgain?.()
  }

  #judge(): void {
    // The kernel lets one more in than it was told (listen(2), Linux).
    if (this.#newcomers > 0 && this.#total <= this.#backlog) {
      this.#newcomers = 0
      this.#quiet?.refresh()
    } else {
      void this.close()
    }
  }
}

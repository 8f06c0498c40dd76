import type { Address } from '../../address/address.js'
import { createDeferred, RESOLVED, type Deferred } from '../../async/deferred.js'
import type { GracefulListener } from '../../server/parts.js'
import type { Handshake, StreamListener, StreamListenerSink, StreamPort } from '../port.js'

/** The default length of the accept queue (`backlog` of server.listen() in Node's documentation). */
export const DEFAULT_BACKLOG = 511
/**
 * After this many ms without a new peer the accept queue counts as empty: an engine may accept one per turn of the
 * event loop.
 */
const QUIET = 20
/** Delay in ms before accepting is tried again after a failure, such as a lack of file descriptors. */
const TRY_AGAIN = 100

/**
 * The accept queue of a listener: peers that the system has connected and the server has not accepted yet. Decides
 * when to accept again after a failure. Also decides how long a shutdown keeps accepting, since the system does not
 * report that the queue is empty.
 */
export class AcceptQueue<Addr extends Address> implements GracefulListener<Addr>, StreamListenerSink {
  readonly #sink: StreamListenerSink
  readonly #backlog: number
  #listener!: StreamListener<Addr>
  #acceptAgain: (() => void) | undefined
  #retryTimer: NodeJS.Timeout | undefined

  /** While draining: new peers since the last check, and in total. */
  #newPeers = 0
  #total = 0
  #emptied: Deferred<void> | undefined
  #quietTimer: NodeJS.Timeout | undefined
  #quietImmediate: NodeJS.Immediate | undefined
  #isClosed = false

  /**
   * Opens a listener that delivers to `sink`.
   *
   * @param backlog the length of the system's accept queue
   */
  static async open<Addr extends Address>(
    open: (sink: StreamListenerSink) => Promise<StreamListener<Addr>>,
    sink: StreamListenerSink,
    backlog: number,
  ): Promise<GracefulListener<Addr>> {
    const queue = new AcceptQueue<Addr>(sink, backlog)
    queue.#listener = await open(queue)
    return queue
  }

  private constructor(sink: StreamListenerSink, backlog: number) {
    this.#sink = sink
    this.#backlog = backlog
  }

  // Called by the server.

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
   * Accepts until no peer has come for {@link QUIET} ms, or until as many have come as the queue could hold at the
   * start: new clients may keep coming for ever. There is no time limit, since one turn of the event loop accepts one
   * peer and may take long on a busy machine. Each check runs after such a turn, so that a blocked event loop misses
   * no peer.
   */
  closeGracefully(): Promise<void> {
    if (this.#isClosed) return RESOLVED
    this.#listener.removeName?.()
    this.#tryAgain()
    this.#newPeers = this.#total = 0
    this.#quietTimer = setTimeout(
      () => (this.#quietImmediate = setImmediate(() => this.#closeIfEmpty())),
      QUIET,
    )
    this.#emptied = createDeferred()
    return this.#emptied.promise
  }

  close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#quietTimer)
    clearImmediate(this.#quietImmediate)
    this.#emptied?.resolve()
    return this.#listener.close()
  }

  // Called by the listener.

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
      clearTimeout(this.#retryTimer)
      // Only the listener, not this timer, may keep the process alive.
      this.#retryTimer = setTimeout(() => this.#tryAgain(), TRY_AGAIN).unref()
    }
    this.#sink.failed(error)
  }

  #count(): void {
    this.#newPeers += 1
    this.#total += 1
  }

  #tryAgain(): void {
    clearTimeout(this.#retryTimer)
    const acceptAgain = this.#acceptAgain
    this.#acceptAgain = undefined
    acceptAgain?.()
  }

  #closeIfEmpty(): void {
    // The kernel queues one more than the backlog (listen(2), Linux).
    if (this.#newPeers > 0 && this.#total <= this.#backlog) {
      this.#newPeers = 0
      this.#quietTimer?.refresh()
    } else {
      void this.close()
    }
  }
}

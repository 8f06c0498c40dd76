import { createDeferred } from '../async/deferred.js'
import { SockError } from '../errors/errors.js'
import type { ShutdownReport } from './server.js'

/** Why a member was destroyed: a deadline of the shutdown passed, or the server was closed meanwhile. */
type ForceReason = 'draining' | 'closed'

/** Returns the message of the error if members were destroyed. */
export type DescribeForced = (report: ShutdownReport) => string

/**
 * Counts how the members of a server end in one shutdown, and holds its deadlines. A member is a connection, or the
 * socket of a datagram server. At a deadline it calls `destroy` for those that remain, and decides nothing else.
 */
export class Shutdown {
  readonly #describeForced: DescribeForced
  readonly #destroy: (reason: ForceReason) => number
  readonly #endedIdle = new Set<object>()
  /** Each cancels a deadline. */
  readonly #cancelDeadlines: (() => void)[] = []
  #idle = 0
  #shutdowned = 0
  #forced = 0
  #isForced = false
  readonly #result = createDeferred<ShutdownReport>()

  /** @param destroy destroys what is still open, and returns how many that were */
  constructor(describeForced: DescribeForced, destroy: (reason: ForceReason) => number) {
    this.#describeForced = describeForced
    this.#destroy = destroy
  }

  /** Resolves with the report; rejects with `ERR_SOCK_SHUTDOWN_TIMEOUT` if anything was destroyed by force. */
  get result(): Promise<ShutdownReport> {
    return this.#result.promise
  }

  get isForced(): boolean {
    return this.#isForced
  }

  /** Adds a deadline and an optional signal. The earliest of all wins. */
  addDeadline(timeout: number, signal: AbortSignal | undefined): void {
    const timer = setTimeout(() => this.force(), timeout)
    this.#cancelDeadlines.push(() => clearTimeout(timer))
    if (signal === undefined) return
    const abort = (): void => this.force()
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#cancelDeadlines.push(() => signal.removeEventListener('abort', abort))
  }

  /** Destroys what is still open, once. */
  force(reason: ForceReason = 'draining'): void {
    if (this.#isForced) return
    this.#isForced = true
    this.#forced = this.#destroy(reason)
  }

  endedIdle(member: object): void {
    this.#endedIdle.add(member)
  }

  /** Counts a member: it is closed, and its handler has settled. */
  settled(member: object): void {
    if (this.#isForced) return
    if (this.#endedIdle.has(member)) this.#idle += 1
    else this.#shutdowned += 1
  }

  /** Cancels all deadlines, since everything is closed. @returns the counts */
  complete(): ShutdownReport {
    for (const cancel of this.#cancelDeadlines) cancel()
    return { idle: this.#idle, drained: this.#shutdowned, forced: this.#forced }
  }

  /** Settles {@link result}. */
  settle(): void {
    const report = this.complete()
    if (report.forced === 0) {
      this.#result.resolve(report)
      return
    }
    const message = this.#describeForced(report)
    this.#result.reject(new SockError('ERR_SOCK_SHUTDOWN_TIMEOUT', message, { report }))
  }
}

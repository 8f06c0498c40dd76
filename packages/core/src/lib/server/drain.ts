import { createDeferred } from '../async/deferred.js'
import { SockError } from '../errors/errors.js'
import type { ShutdownReport } from './server.js'

/**
 * Counts how each member ends in one shutdown, and holds the deadlines. It decides nothing about connections, but at
 * a deadline it calls `destroy` for those that remain.
 */
export class Drain {
  readonly #destroy: (by: 'draining' | 'closed') => number
  readonly #endedIdle = new Set<object>()
  readonly #undo: (() => void)[] = []
  #idle = 0
  #drained = 0
  #forced = 0
  #isForced = false
  readonly #result = createDeferred<ShutdownReport>()

  /** @param destroy destroys what is still open, and returns how many that were */
  constructor(destroy: (by: 'draining' | 'closed') => number) {
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
  limit(timeout: number, signal: AbortSignal | undefined): void {
    const timer = setTimeout(() => this.force(), timeout)
    this.#undo.push(() => clearTimeout(timer))
    if (signal === undefined) return
    const abort = (): void => this.force()
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#undo.push(() => signal.removeEventListener('abort', abort))
  }

  /** Destroys what is still open, once: the deadline has passed. */
  force(by: 'draining' | 'closed' = 'draining'): void {
    if (this.#isForced) return
    this.#isForced = true
    this.#forced = this.#destroy(by)
  }

  endedIdle(member: object): void {
    this.#endedIdle.add(member)
  }

  /** Counts a member that is done: closed, and its handler settled. */
  finished(member: object): void {
    if (this.#isForced) return
    if (this.#endedIdle.has(member)) this.#idle += 1
    else this.#drained += 1
  }

  /** Cancels all deadlines, since everything is closed. @returns the counts */
  complete(): ShutdownReport {
    for (const undo of this.#undo) undo()
    return { idle: this.#idle, drained: this.#drained, forced: this.#forced }
  }

  /** Settles {@link result}. */
  settle(): void {
    const report = this.complete()
    if (report.forced === 0) {
      this.#result.resolve(report)
      return
    }
    const count = report.idle + report.drained + report.forced
    const message =
      `Shutdown destroyed ${report.forced} of ${count} connections before they had finished. ` +
      'Raise the timeout, or let handlers return when channel.signal aborts'
    this.#result.reject(new SockError('ERR_SOCK_SHUTDOWN_TIMEOUT', message, { report }))
  }
}

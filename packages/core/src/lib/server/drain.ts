import { createDeferred } from '../async/deferred.js'
import { SockError } from '../errors/errors.js'
import type { ShutdownReport } from './server.js'

/**
 * The bookkeeping of one shutdown: which member ended how, and the deadlines that may cut it short.
 * It decides nothing about connections: it counts, and has the rest destroyed when time is up.
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

  /** @param destroy destroys what is left, and says how much that was */
  constructor(destroy: (by: 'draining' | 'closed') => number) {
    this.#destroy = destroy
  }

  /** The report; rejects with `ERR_SOCK_SHUTDOWN_TIMEOUT` if anything was forced. */
  get result(): Promise<ShutdownReport> {
    return this.#result.promise
  }

  get isForced(): boolean {
    return this.#isForced
  }

  /** Adds a deadline; of several the earliest strikes. */
  limit(timeout: number, signal: AbortSignal | undefined): void {
    const timer = setTimeout(() => this.force(), timeout)
    this.#undo.push(() => clearTimeout(timer))
    if (signal === undefined) return
    const abort = (): void => this.force()
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#undo.push(() => signal.removeEventListener('abort', abort))
  }

  /** Time is up. */
  force(by: 'draining' | 'closed' = 'draining'): void {
    if (this.#isForced) return
    this.#isForced = true
    this.#forced = this.#destroy(by)
  }

  endedIdle(member: object): void {
    this.#endedIdle.add(member)
  }

  /** A connection is over, closed and with its handler settled. */
  finished(member: object): void {
    if (this.#isForced) return
    if (this.#endedIdle.has(member)) this.#idle += 1
    else this.#drained += 1
  }

  /** Everything is closed: no deadline is needed any more. */
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
    const message = `Shutdown had to close ${report.forced} of ${count} by force`
    this.#result.reject(new SockError('ERR_SOCK_SHUTDOWN_TIMEOUT', message, { report }))
  }
}

import { createDeferred } from '../async/deferred.js'
import { SockError } from '../errors/errors.js'
import type { ServerKind } from './server-parts.js'
import type { ShutdownReport } from './server.js'

/** Why a member was destroyed: a deadline of the shutdown passed, or the server was closed meanwhile. */
type ForceReason = 'draining' | 'closed'

const UNFINISHED: Readonly<Record<ServerKind, (report: ShutdownReport) => string>> = {
  stream: ({ idle, drained, forced }) =>
    `Shutdown destroyed ${forced} of ${idle + drained + forced} connections before they had finished. ` +
    'Raise the timeout, or let handlers return when channel.signal aborts',
  datagram: () =>
    'Shutdown closed the socket before its handler had returned, or before all datagrams were sent. ' +
    'Raise the timeout, or let the handler return when channel.signal aborts',
}

/**
 * Counts how the members of a server end in one shutdown, and holds its deadlines. A member is a connection, or the
 * socket of a datagram server. At a deadline it calls `destroy` for those that remain, and decides nothing else.
 */
export class Drain {
  readonly #kind: ServerKind
  readonly #destroy: (reason: ForceReason) => number
  readonly #endedIdle = new Set<object>()
  /** Each cancels a deadline. */
  readonly #cancelDeadlines: (() => void)[] = []
  #idle = 0
  #drained = 0
  #forced = 0
  #isForced = false
  readonly #result = createDeferred<ShutdownReport>()

  /** @param destroy destroys what is still open, and returns how many that were */
  constructor(kind: ServerKind, destroy: (reason: ForceReason) => number) {
    this.#kind = kind
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

  /** Counts a member that is done: closed, and its handler settled. */
  finished(member: object): void {
    if (this.#isForced) return
    if (this.#endedIdle.has(member)) this.#idle += 1
    else this.#drained += 1
  }

  /** Cancels all deadlines, since everything is closed. @returns the counts */
  complete(): ShutdownReport {
    for (const cancel of this.#cancelDeadlines) cancel()
    return { idle: this.#idle, drained: this.#drained, forced: this.#forced }
  }

  /** Settles {@link result}. */
  settle(): void {
    const report = this.complete()
    if (report.forced === 0) {
      this.#result.resolve(report)
      return
    }
    const message = UNFINISHED[this.#kind](report)
    this.#result.reject(new SockError('ERR_SOCK_SHUTDOWN_TIMEOUT', message, { report }))
  }
}

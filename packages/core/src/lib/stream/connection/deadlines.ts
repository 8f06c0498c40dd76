import { SockError } from '../../errors/errors.js'
import type { CloseReason } from '../../server/server.js'
import { idleError } from './errors.js'
import { runInAsyncScope } from '../../async/async-scope.js'
import type { ConnectionHost } from './host.js'
import type { ConnectionRecord } from './record.js'
import { CHECKS_PER_DEADLINE, type Watched } from '../../async/sweep.js'

/** How long a closing connection may make no progress in flushing before it is destroyed, in ms. */
const FLUSH_STALL = 30_000
/** After our FIN: how long a silent peer may keep its side open, in ms. */
const LINGER_QUIET = 1_000
/**
 * After our FIN: how long to discard what a peer still sends, in ms. A RST sent earlier could overtake our answer.
 */
const LINGER_TOTAL = 10_000

/** The time-outs of connections in ms; 0 for never. */
export interface DeadlineSettings {
  /** Without progress in either direction. */
  readonly idleTimeout: number
  /** Without a byte from the peer, while its side is open and this side reads. */
  readonly readTimeout: number
  /** Without a byte accepted by the peer, while some are queued. */
  readonly writeTimeout: number
  /** Before the first byte from the peer. */
  readonly firstByteTimeout: number
  /** Age at which a connection is told to end. */
  readonly maxLifetime: number
  /** Time after that until it is destroyed. */
  readonly shutdownTimeout: number
  /** How long a connection must be quiet to count as idle, once it is told to end. */
  readonly drainIdle: number
}

/** Returns the earliest deadline that applies from a connection's start, in ms; `Infinity` for none. */
export function firstDeadline(settings: Omit<DeadlineSettings, 'shutdownTimeout' | 'drainIdle'>): number {
  const { idleTimeout, readTimeout, writeTimeout, firstByteTimeout, maxLifetime } = settings
  const all = [idleTimeout, readTimeout, writeTimeout, firstByteTimeout, maxLifetime]
  return Math.min(...all.map((time) => time || Infinity))
}

/** Measures for how long a number has not changed. */
class Stall {
  #value: number | undefined
  #since: number

  constructor(value: number, since: number) {
    this.#value = value
    this.#since = since
  }

  /**
   * @param value the number now; `undefined` while it does not count
   * @returns for how many ms it has been the same at each check; 0 while it does not count
   */
  measure(value: number | undefined, now: number): number {
    if (value === undefined || value !== this.#value) {
      this.#value = value
      this.#since = now
    }
    return now - this.#since
  }
}

/**
 * The deadlines of one connection. Created when the first one begins: a connection without deadlines needs no such
 * object.
 */
export class Deadlines implements Watched {
  /** Its index in the sweep's set, or -1 while it is in none. */
  index = -1
  readonly #record: ConnectionRecord
  readonly #host: ConnectionHost
  readonly #since = performance.now()
  /** The progress that the last check found, and when it last differed. */
  #progress: number
  #movedAt = this.#since
  /** When closing began, and later when our FIN was sent. */
  #closingSince = this.#since
  #isExpired = false
  /** Each direction alone, if it has a deadline of its own. */
  readonly #input: Stall | undefined
  readonly #output: Stall | undefined

  constructor(record: ConnectionRecord) {
    const { bytesRead, port, host } = record
    this.#record = record
    this.#host = host
    this.#progress = bytesRead + port.writeProgress
    const { readTimeout, writeTimeout } = host.deadlines
    if (readTimeout > 0) this.#input = new Stall(bytesRead, this.#since)
    if (writeTimeout > 0) this.#output = new Stall(port.writeProgress, this.#since)
  }

  /** Checks from now on, for the first time within a fraction of `limit`, the next deadline. */
  watch(limit: number): void {
    this.#host.sweep.watch(this, limit / CHECKS_PER_DEADLINE)
  }

  /** The connection has begun to close, and may still be flushing. */
  beginClosing(): void {
    this.#closingSince = performance.now()
    this.watch(LINGER_QUIET)
  }

  /** Our FIN is sent. */
  flushed(): void {
    this.#closingSince = performance.now()
  }

  stop(): void {
    this.#host.sweep.unwatch(this)
  }

  check(now: number): number {
    const { isClosing, output, port, bytesRead } = this.#record
    // During a flush only accepted bytes count as progress; received ones are discarded.
    const isFlushing = isClosing && output !== 'ended'
    const progress = isFlushing ? port.writeProgress : bytesRead + port.writeProgress
    if (progress !== this.#progress) {
      this.#progress = progress
      this.#movedAt = now
    }
    const quiet = now - this.#movedAt
    const next = Math.min(
      isClosing ? this.#checkClosing(now, quiet) : this.#checkOpen(now, quiet),
      this.#checkInput(now),
      this.#checkOutput(now),
      this.#checkLifetime(now, isClosing),
    )
    return next / CHECKS_PER_DEADLINE
  }

  #checkOpen(now: number, quiet: number): number {
    const record = this.#record
    const { idleTimeout, firstByteTimeout, drainIdle } = this.#host.deadlines
    const endIdleAfter = this.#isExpired ? drainIdle : this.#host.endIdleAfter
    const isSilent = record.bytesRead === 0 && record.input === 'open'
    const awaitsFirstByte = firstByteTimeout > 0 && isSilent
    if (idleTimeout > 0 && quiet >= idleTimeout) {
      this.#abort('idle', idleError(`No data was sent or received for ${idleTimeout} ms ("idleTimeout")`))
    } else if (awaitsFirstByte && now - this.#since >= firstByteTimeout) {
      const message = `Peer sent nothing within ${firstByteTimeout} ms ("firstByteTimeout")`
      this.#abort('firstByte', new SockError('ERR_SOCK_FIRST_BYTE_TIMEOUT', message))
    } else if (endIdleAfter !== undefined && quiet >= endIdleAfter && record.isIdle) {
      runInAsyncScope(() => record.endIdle())
    }
    return Math.min(
      idleTimeout || Infinity,
      awaitsFirstByte ? firstByteTimeout : Infinity,
      endIdleAfter ?? Infinity,
    )
  }

  #checkInput(now: number): number {
    if (this.#input === undefined) return Infinity
    const { readTimeout } = this.#host.deadlines
    const { awaitsInput, bytesRead } = this.#record
    if (this.#input.measure(awaitsInput ? bytesRead : undefined, now) >= readTimeout) {
      this.#abort('idle', idleError(`Peer sent nothing for ${readTimeout} ms ("readTimeout")`))
    }
    return readTimeout
  }

  #checkOutput(now: number): number {
    if (this.#output === undefined) return Infinity
    const { writeTimeout } = this.#host.deadlines
    const { waitingBytes, port } = this.#record
    if (this.#output.measure(waitingBytes > 0 ? port.writeProgress : undefined, now) >= writeTimeout) {
      const message = `Peer received none of ${waitingBytes} queued bytes for ${writeTimeout} ms ("writeTimeout")`
      this.#abort('idle', idleError(message))
    }
    return writeTimeout
  }

  /** A closing connection may flush as long as it makes progress, then wait a bounded time for the peer's FIN. */
  #checkClosing(now: number, quiet: number): number {
    const closing = now - this.#closingSince
    if (this.#record.output !== 'ended') {
      if (Math.min(quiet, closing) >= FLUSH_STALL) {
        this.#abort('idle', idleError(`Peer received nothing for ${FLUSH_STALL} ms after close()`))
      }
      return LINGER_QUIET
    }
    if (Math.min(quiet, closing) >= LINGER_QUIET || closing >= LINGER_TOTAL) this.#record.endLinger()
    return LINGER_QUIET
  }

  /**
   * After its lifetime a connection is treated like in a shutdown: told to end, ended when idle, destroyed at the
   * deadline.
   */
  #checkLifetime(now: number, isClosing: boolean): number {
    const { maxLifetime, shutdownTimeout } = this.#host.deadlines
    if (maxLifetime === 0) return Infinity
    const age = now - this.#since
    if (age < maxLifetime) return maxLifetime
    if (age >= maxLifetime + shutdownTimeout) {
      const message = `Connection was still open ${shutdownTimeout} ms after its lifetime of ${maxLifetime} ms ("maxLifetime")`
      this.#abort('lifetime', new SockError('ERR_SOCK_LIFETIME', message))
    } else if (!this.#isExpired && !isClosing) {
      this.#isExpired = true
      const message = `Connection is older than ${maxLifetime} ms ("maxLifetime")`
      const error = new SockError('ERR_SOCK_LIFETIME', message)
      runInAsyncScope(() => this.#record.expire('lifetime', error))
    }
    return Math.min(this.#isExpired ? this.#host.deadlines.drainIdle : Infinity, shutdownTimeout)
  }

  #abort(reason: CloseReason, error: SockError): void {
    runInAsyncScope(() => this.#record.abort(reason, error))
  }
}

import { SockError } from '../errors/errors.js'
import type { CloseReason } from '../server/server.js'
import { idleError } from './connection-errors.js'
import { isolated } from '../async/isolated.js'
import type { Sweep, Watched } from './sweep.js'

/** How long a closing connection may make no progress at all in flushing before it is given up. */
const FLUSH_STALL = 30_000
/** After our FIN: how long a silent peer may keep its side open before we close both. */
const LINGER_QUIET = 1_000
/** After our FIN: how long we discard what a talking peer still sends, so that no RST overtakes our answer. */
const LINGER_TOTAL = 10_000
/** A deadline is looked at this many times, which makes it late by at most that part. */
const LOOKS_PER_DEADLINE = 8

/** How long connections may take for what; ms, 0 for never. */
export interface DeadlineSettings {
  /** Without any progress. */
  readonly idleTimeout: number
  /** Without a byte from the peer, while its side is open and we take input. */
  readonly readTimeout: number
  /** Without a byte that the peer takes, while some wait to be written. */
  readonly writeTimeout: number
  /** For the first byte from the peer. */
  readonly firstByteTimeout: number
  /** In all, before they are asked to end. */
  readonly maxLifetime: number
  /** And from then on, until they are destroyed. */
  readonly shutdownTimeout: number
  /** How quiet a connection must be to count as idle when it is asked to end. */
  readonly drainIdle: number
}

/** The first deadline that holds from a connection's start, in ms; `Infinity` for none. */
export function firstDeadline(settings: Omit<DeadlineSettings, 'shutdownTimeout' | 'drainIdle'>): number {
  const { idleTimeout, readTimeout, writeTimeout, firstByteTimeout, maxLifetime } = settings
  const all = [idleTimeout, readTimeout, writeTimeout, firstByteTimeout, maxLifetime]
  return Math.min(...all.map((time) => time || Infinity))
}

/** What the deadlines of all connections of a server, or client, share. */
export interface DeadlineHost {
  readonly deadlines: DeadlineSettings
  readonly sweep: Sweep
  /** While draining, after how many quiet ms a connection with nothing in flight is ended. */
  readonly endIdleAfter: number | undefined
}

/** What the deadlines see of a connection, and do to it. */
export interface TimedConnection {
  readonly port: { readonly writeProgress: number }
  readonly input: 'open' | 'shut' | 'ended'
  readonly output: 'open' | 'ending' | 'ended'
  readonly bytesRead: number
  /** The peer's side is open, and we take what comes: too much waits for the handler otherwise. */
  readonly awaitsInput: boolean
  /** Bytes that wait to be written. */
  readonly waitingBytes: number
  readonly isClosing: boolean
  /** Nothing is in flight: only input is waited for. */
  readonly isIdle: boolean
  /** Fires `signal`; the connection will have been closed for `reason`, however it ends. */
  expire(reason: CloseReason, error: SockError): void
  /** Lets whoever waits for input see its end. */
  endIdle(): void
  /** Closes, now that our FIN is out and the peer has had its time. */
  endLinger(): void
  abort(reason: CloseReason, error: Error): void
}

/** For how long a number has stood still. */
class Standstill {
  #value: number | undefined
  #since: number

  constructor(value: number, since: number) {
    this.#value = value
    this.#since = since
  }

  /**
   * @param value the number now; `undefined` when it does not count
   * @returns since how many ms it has been the same at each look; 0 when it does not count
   */
  look(value: number | undefined, now: number): number {
    if (value === undefined || value !== this.#value) {
      this.#value = value
      this.#since = now
    }
    return now - this.#since
  }
}

/** The deadlines of one connection. Made when the first of them begins: one that has none needs no such object. */
export class Deadlines implements Watched {
  place = -1
  readonly #connection: TimedConnection
  readonly #host: DeadlineHost
  readonly #since = performance.now()
  /** Progress as the last look saw it, and when it was first seen. */
  #progress: number
  #movedAt = this.#since
  /** The connection is closing since then, and once our FIN is out, since that. */
  #closingSince = this.#since
  #isExpired = false
  /** Of each direction alone, if it has a deadline of its own. */
  readonly #input: Standstill | undefined
  readonly #output: Standstill | undefined

  constructor(connection: TimedConnection, host: DeadlineHost) {
    this.#connection = connection
    this.#host = host
    const { bytesRead, port } = connection
    this.#progress = bytesRead + port.writeProgress
    const { readTimeout, writeTimeout } = host.deadlines
    if (readTimeout > 0) this.#input = new Standstill(bytesRead, this.#since)
    if (writeTimeout > 0) this.#output = new Standstill(port.writeProgress, this.#since)
  }

  /** Looks from now on; the first time within a part of `limit`, the next deadline that may strike. */
  watch(limit: number): void {
    this.#host.sweep.watch(this, limit / LOOKS_PER_DEADLINE)
  }

  /** The connection has begun to close, and may still have to flush. */
  beginClosing(): void {
    this.#closingSince = performance.now()
    this.watch(LINGER_QUIET)
  }

  /** Our FIN is out. */
  flushed(): void {
    this.#closingSince = performance.now()
  }

  stop(): void {
    this.#host.sweep.unwatch(this)
  }

  check(now: number): number {
    const { isClosing, output, port, bytesRead } = this.#connection
    // While it flushes, only what the peer takes brings the end nearer; what it sends is thrown away.
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
    return next / LOOKS_PER_DEADLINE
  }

  #checkOpen(now: number, quiet: number): number {
    const connection = this.#connection
    const { idleTimeout, firstByteTimeout, drainIdle } = this.#host.deadlines
    const endIdleAfter = this.#isExpired ? drainIdle : this.#host.endIdleAfter
    const isSilent = connection.bytesRead === 0 && connection.input === 'open'
    const awaitsFirstByte = firstByteTimeout > 0 && isSilent
    if (idleTimeout > 0 && quiet >= idleTimeout) {
      this.#abort('idle', idleError(`Nothing moved for ${idleTimeout} ms`))
    } else if (awaitsFirstByte && now - this.#since >= firstByteTimeout) {
      const message = `Peer sent nothing for ${firstByteTimeout} ms`
      this.#abort('firstByte', new SockError('ERR_SOCK_FIRST_BYTE_TIMEOUT', message))
    } else if (endIdleAfter !== undefined && quiet >= endIdleAfter && connection.isIdle) {
      isolated(() => connection.endIdle())
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
    const { awaitsInput, bytesRead } = this.#connection
    if (this.#input.look(awaitsInput ? bytesRead : undefined, now) >= readTimeout) {
      this.#abort('idle', idleError(`Peer sent nothing for ${readTimeout} ms ("readTimeout")`))
    }
    return readTimeout
  }

  #checkOutput(now: number): number {
    if (this.#output === undefined) return Infinity
    const { writeTimeout } = this.#host.deadlines
    const { waitingBytes, port } = this.#connection
    if (this.#output.look(waitingBytes > 0 ? port.writeProgress : undefined, now) >= writeTimeout) {
      const message = `Peer took nothing of ${waitingBytes} bytes for ${writeTimeout} ms ("writeTimeout")`
      this.#abort('idle', idleError(message))
    }
    return writeTimeout
  }

  /** A closing connection may flush as long as it gets on, and then wait for the peer's FIN for a bounded time. */
  #checkClosing(now: number, quiet: number): number {
    const closing = now - this.#closingSince
    if (this.#connection.output !== 'ended') {
      if (Math.min(quiet, closing) >= FLUSH_STALL) {
        this.#abort('idle', idleError(`Peer took nothing for ${FLUSH_STALL} ms`))
      }
      return LINGER_QUIET
    }
    if (Math.min(quiet, closing) >= LINGER_QUIET || closing >= LINGER_TOTAL) this.#connection.endLinger()
    return LINGER_QUIET
  }

  /** At the end of its lifetime a connection is treated as by a shutdown: asked, ended when idle, destroyed in the end. */
  #checkLifetime(now: number, isClosing: boolean): number {
    const { maxLifetime, shutdownTimeout } = this.#host.deadlines
    if (maxLifetime === 0) return Infinity
    const age = now - this.#since
    if (age < maxLifetime) return maxLifetime
    if (age >= maxLifetime + shutdownTimeout) {
      const message = `Connection did not finish within ${shutdownTimeout} ms after its lifetime of ${maxLifetime} ms`
      this.#abort('lifetime', new SockError('ERR_SOCK_LIFETIME', message))
    } else if (!this.#isExpired && !isClosing) {
      this.#isExpired = true
      const message = `Connection is older than ${maxLifetime} ms`
      const error = new SockError('ERR_SOCK_LIFETIME', message)
      isolated(() => this.#connection.expire('lifetime', error))
    }
    return Math.min(this.#isExpired ? this.#host.deadlines.drainIdle : Infinity, shutdownTimeout)
  }

  #abort(reason: CloseReason, error: SockError): void {
    isolated(() => this.#connection.abort(reason, error))
  }
}

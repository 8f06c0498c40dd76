import { asError, messageOf } from '../../errors/as-error.js'
import { SockError } from '../../errors/errors.js'
import type { Handshake, StreamPort } from '../port.js'
import { CHECKS_PER_DEADLINE, type Sweep, type Watched } from '../../async/sweep.js'

export type HandshakeFailure = 'ERR_SOCK_HANDSHAKE_FAILED' | 'ERR_SOCK_HANDSHAKE_TIMEOUT'

export interface HandshakeOutcomes {
  secured(port: StreamPort): void
  /** @param create returns the error, with the cause of `ERR_SOCK_HANDSHAKE_FAILED` */
  failed(code: HandshakeFailure, create: () => SockError): void
}

/** Peers in a TLS handshake. Each has one absolute deadline, whatever it sends in the meantime. */
export class Handshakes implements Watched {
  /** Its index in the sweep's set, or -1 while it is in none. */
  index = -1
  /** The handshakes, with their start times. */
  readonly #pending = new Map<Handshake, number>()
  readonly #timeout: number
  readonly #sweep: Sweep
  readonly #outcomes: HandshakeOutcomes
  /**
   * While draining: a peer that has sent nothing is dropped after this many ms. A peer that has begun may be slow.
   */
  #quiet = Infinity

  constructor(timeout: number, sweep: Sweep, outcomes: HandshakeOutcomes) {
    this.#timeout = timeout
    this.#sweep = sweep
    this.#outcomes = outcomes
  }

  get size(): number {
    return this.#pending.size
  }

  add(handshake: Handshake): void {
    this.#pending.set(handshake, performance.now())
    this.#sweep.watch(this, Math.min(this.#timeout, this.#quiet) / CHECKS_PER_DEADLINE)
    handshake.start(
      (port) => {
        if (this.#remove(handshake)) this.#outcomes.secured(port)
        else port.destroy()
      },
      (cause) => {
        if (this.#remove(handshake)) this.#fail('ERR_SOCK_HANDSHAKE_FAILED', handshake, asError(cause))
      },
    )
  }

  /** From now on drops peers that have sent nothing for `quiet` ms. */
  dropSilent(quiet: number): void {
    this.#quiet = quiet
    if (this.size > 0) this.#sweep.watch(this, quiet / CHECKS_PER_DEADLINE)
  }

  /** Destroys all handshakes. @returns how many there were */
  destroyAll(): number {
    const count = this.size
    for (const handshake of this.#pending.keys()) {
      this.#remove(handshake)
      handshake.destroy()
    }
    return count
  }

  check(now: number): number {
    for (const [handshake, since] of this.#pending) {
      const limit = handshake.bytesRead > 0 ? this.#timeout : Math.min(this.#timeout, this.#quiet)
      if (now - since < limit) continue
      this.#remove(handshake)
      handshake.destroy()
      this.#fail('ERR_SOCK_HANDSHAKE_TIMEOUT', handshake)
    }
    return Math.min(this.#timeout, this.#quiet) / CHECKS_PER_DEADLINE
  }

  #remove(handshake: Handshake): boolean {
    const removed = this.#pending.delete(handshake)
    if (this.size === 0) this.#sweep.unwatch(this)
    return removed
  }

  #fail(code: HandshakeFailure, handshake: Handshake, cause?: Error): void {
    this.#outcomes.failed(code, () => handshakeError(code, handshake, cause))
  }
}

function handshakeError(
  code: HandshakeFailure,
  { remoteAddress }: Handshake,
  cause: Error | undefined,
): SockError {
  const peer = remoteAddress === undefined ? 'a peer' : `"${remoteAddress}"`
  const why = cause === undefined ? 'it was not finished in time' : messageOf(cause).trim()
  const details = cause === undefined ? { remoteAddress } : { remoteAddress, cause }
  return new SockError(code, `Cannot complete the TLS handshake with ${peer}: ${why}`, details)
}

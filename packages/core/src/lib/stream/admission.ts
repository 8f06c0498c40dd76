import { SockError, type SockErrorCode } from '../errors/errors.js'
import type { StreamServerStats } from '../server/server.js'
import { createDescriptorLimit } from './descriptor-limit.js'
import type { Handshake, StreamPort } from './port.js'

type Newcomer = StreamPort | Handshake

export interface AdmissionLimits {
  readonly maxConnections: number
  readonly maxHandshakes?: number | undefined
}

/** Who is let in. Whoever is not is counted and reported; turning away is up to the caller. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #report: (error: SockError) => void
  readonly #descriptors = createDescriptorLimit()
  readonly #rejected = {
    connectionLimit: 0,
    descriptorLimit: 0,
    handshakeLimit: 0,
    handshakeTimeout: 0,
    handshakeFailed: 0,
  }

  constructor(limits: AdmissionLimits, report: (error: SockError) => void) {
    this.#limits = limits
    this.#report = report
  }

  /** How many were not let in, by reason. */
  get rejected(): StreamServerStats['rejected'] {
    return { ...this.#rejected }
  }

  /** @param count how many are in already, or in a handshake */
  admits(peer: Newcomer, count: number): boolean {
    const { maxConnections } = this.#limits
    if (count >= maxConnections) {
      this.#rejected.connectionLimit += 1
      this.#turnAway('ERR_SOCK_CONNECTION_LIMIT', peer, `"maxConnections" is ${maxConnections}`)
      return false
    }
    if (this.#descriptors.isOver(peer.descriptor)) {
      this.#rejected.descriptorLimit += 1
      this.#turnAway('ERR_SOCK_DESCRIPTOR_LIMIT', peer, 'the process has hardly any descriptor left')
      return false
    }
    return true
  }

  /** @param count how many are in a handshake already */
  admitsHandshake(peer: Handshake, count: number): boolean {
    const { maxHandshakes = Infinity } = this.#limits
    if (count < maxHandshakes) return true
    this.#rejected.handshakeLimit += 1
    this.#turnAway('ERR_SOCK_HANDSHAKE_LIMIT', peer, `"maxHandshakes" is ${maxHandshakes}`)
    return false
  }

  /** @param error `ERR_SOCK_HANDSHAKE_TIMEOUT` or `ERR_SOCK_HANDSHAKE_FAILED` */
  handshakeFailed(error: SockError): void {
    if (error.code === 'ERR_SOCK_HANDSHAKE_TIMEOUT') this.#rejected.handshakeTimeout += 1
    else this.#rejected.handshakeFailed += 1
    this.#report(error)
  }

  #turnAway(code: SockErrorCode, { remoteAddress }: Newcomer, why: string): void {
    const message = `Turned away ${remoteAddress === undefined ? 'a peer' : `"${remoteAddress}"`}: ${why}`
    this.#report(new SockError(code, message, { remoteAddress }))
  }
}

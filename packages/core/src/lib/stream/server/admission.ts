import { SockError, type SockErrorCode } from '../../errors/errors.js'
import type { StreamServerStats } from '../../server/server.js'
import { createDescriptorLimit } from './descriptor-limit.js'
import type { HandshakeFailure } from './handshakes.js'
import type { Handshake, StreamPort } from '../port.js'

type NewPeer = StreamPort | Handshake

export interface AdmissionLimits {
  readonly maxConnections: number
  readonly maxHandshakes?: number | undefined
}

/** Reports an error, which is created only if it has an observer: a flood of peers must cost little. */
type Report = (create: () => SockError) => void

/** Decides which peers are admitted. Counts and reports the others; the caller destroys them. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #report: Report
  readonly #descriptors = createDescriptorLimit()
  readonly #rejected = {
    connectionLimit: 0,
    descriptorLimit: 0,
    handshakeLimit: 0,
    handshakeTimeout: 0,
    handshakeFailed: 0,
  }

  constructor(limits: AdmissionLimits, report: Report) {
    this.#limits = limits
    this.#report = report
  }

  /** Refused peers, by reason. */
  get rejected(): StreamServerStats['rejected'] {
    return { ...this.#rejected }
  }

  /** Whether a peer is admitted. @param count connections and handshakes at present */
  admits(peer: NewPeer, count: number): boolean {
    const { maxConnections } = this.#limits
    if (count >= maxConnections) {
      this.#rejected.connectionLimit += 1
      this.#refuse('ERR_SOCK_CONNECTION_LIMIT', peer, limitReached('maxConnections', maxConnections))
      return false
    }
    if (this.#descriptors.isOver(peer.descriptor)) {
      this.#rejected.descriptorLimit += 1
      this.#refuse(
        'ERR_SOCK_DESCRIPTOR_LIMIT',
        peer,
        'the process is almost out of file descriptors. Raise its limit (`ulimit -n`, `LimitNOFILE=`)',
      )
      return false
    }
    return true
  }

  /** Whether a peer may begin its handshake. @param count handshakes at present */
  admitsHandshake(peer: Handshake, count: number): boolean {
    const { maxHandshakes = Infinity } = this.#limits
    if (count < maxHandshakes) return true
    this.#rejected.handshakeLimit += 1
    this.#refuse('ERR_SOCK_HANDSHAKE_LIMIT', peer, limitReached('maxHandshakes', maxHandshakes))
    return false
  }

  /** Counts and reports a failed handshake. @param create returns its error */
  handshakeFailed(code: HandshakeFailure, create: () => SockError): void {
    if (code === 'ERR_SOCK_HANDSHAKE_TIMEOUT') this.#rejected.handshakeTimeout += 1
    else this.#rejected.handshakeFailed += 1
    this.#report(create)
  }

  #refuse(code: SockErrorCode, peer: NewPeer, why: string): void {
    this.#report(() => {
      const { remoteAddress } = peer
      const message = `Refused ${remoteAddress === undefined ? 'a peer' : `"${remoteAddress}"`}: ${why}`
      return new SockError(code, message, { remoteAddress })
    })
  }
}

function limitReached(name: string, limit: number): string {
  return `the limit "${name}" of ${limit} is reached`
}

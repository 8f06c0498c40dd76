import type { Address } from '@sock/core'
import type { DatagramSending } from '@sock/core/datagram'
import type { Addon } from './addon.js'
import { MAX_SENDS, SEND_WIDTH, SENDS_AT } from './numbers.js'

/** A datagram that a port was asked to send. */
export interface BatchedDatagram {
  readonly owner: DatagramOwner
  readonly data: Uint8Array
  readonly to: Address | undefined
  readonly sending: DatagramSending
}

/** The port that sent a datagram, which learns why it failed. */
interface DatagramOwner {
  failed(datagram: BatchedDatagram, errno: number): void
}

/** The largest datagram that is copied and batched. */
const MAX_BATCHED = 2048
/** How long datagrams wait in one batch of events, in ms. After that they are sent without waiting for its end. */
const MAX_BATCHING_TIME = 1
/** The clock is read once in this many datagrams, plus 1. */
const CLOCK_MASK = 7

/**
 * Datagrams that are sent during a batch of events. They are sent together at its end, or earlier if something must
 * follow them.
 */
export class SendBatch {
  readonly #addon: Addon
  readonly #sends: Int32Array
  readonly #bytes: Buffer
  readonly #waiting: BatchedDatagram[] = []
  #used = 0
  #isOpen = false
  #began = 0

  constructor(addon: Addon) {
    this.#addon = addon
    const [entries, bytes] = addon.startSendBatch()
    this.#sends = new Int32Array(entries)
    this.#bytes = Buffer.from(bytes)
  }

  /** Starts a batch. @param began its time in ms */
  begin(began: number): void {
    this.#isOpen = true
    this.#began = began
  }

  end(): void {
    this.#isOpen = false
    this.flush()
  }

  /**
   * Copies a small datagram, if there is a batch.
   *
   * @param token of the receiver; 0 for the peer
   * @returns whether it did; `sending` is then answered later
   */
  add(slot: number, token: number, datagram: BatchedDatagram): boolean {
    const { length } = datagram.data
    if (!this.#isOpen || length > MAX_BATCHED) return false
    const count = this.#waiting.length
    const isLate = (count & CLOCK_MASK) === CLOCK_MASK && performance.now() - this.#began > MAX_BATCHING_TIME
    if (count === MAX_SENDS || this.#used + length > this.#bytes.length || isLate) {
      // A sender that is answered by the flush may send more, and this datagram must stay behind it.
      this.flush()
      return false
    }
    const entries = this.#sends
    const at = SENDS_AT + count * SEND_WIDTH
    this.#bytes.set(datagram.data, this.#used)
    entries[at] = slot
    entries[at + 1] = this.#used
    entries[at + 2] = length
    entries[at + 3] = token
    entries[0] = count + 1
    this.#used += length
    this.#waiting.push(datagram)
    return true
  }

  /** Sends the batched datagrams now. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const hasFailures = this.#addon.flushSendBatch() > 0
    const entries = this.#waiting.splice(0)
    this.#used = 0
    if (!hasFailures) {
      for (const { sending } of entries) sending.done()
      return
    }
    // A sender that is answered may send again, which overwrites this memory.
    const results = entries.map((_, index) => this.#sends[SENDS_AT + index * SEND_WIDTH + 3] as number)
    for (const [index, datagram] of entries.entries()) {
      const errno = results[index] as number
      if (errno === 0) datagram.sending.done()
      else datagram.owner.failed(datagram, errno)
    }
  }
}

import type { Addon } from './addon.js'

/** Bytes that the system had no room for, in order. */
export class SendQueue {
  /** Number of queued bytes. */
  bytes = 0
  readonly #buffers: Uint8Array[] = []
  /** How many bytes of the first buffer have been sent. */
  #offset = 0

  push(data: Uint8Array): void {
    this.#buffers.push(data)
    this.bytes += data.length
  }

  get isEmpty(): boolean {
    return this.#buffers.length === 0
  }

  /** Sends as much as the system accepts. @returns 0, or errno */
  send(addon: Addon, slot: number): number {
    const taken = addon.sendQueue(slot, this.#buffers, this.#offset)
    if (taken < 0) return -taken
    this.bytes -= taken
    this.#offset += taken
    let sent = 0
    for (const { length } of this.#buffers) {
      if (this.#offset < length) break
      this.#offset -= length
      sent += 1
    }
    this.#buffers.splice(0, sent)
    return 0
  }
}

import type { Addon } from './addon.js'
import type { ReusedChunks } from './reused-chunks.js'

/** Bytes that the system had no room for, in order. */
export class SendQueue {
  /** Number of queued bytes. */
  bytes = 0
  readonly #buffers: Uint8Array[] = []
  /** How many bytes of the first buffer have been sent. */
  #offset = 0

  readonly #reused: ReusedChunks

  constructor(reused: ReusedChunks) {
    this.#reused = reused
  }

  push(data: Uint8Array): void {
    this.#reused.retain(data)
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
    for (const data of this.#buffers) {
      if (this.#offset < data.length) break
      this.#offset -= data.length
      this.#reused.release(data)
      sent += 1
    }
    this.#buffers.splice(0, sent)
    return 0
  }

  /** Drops what was not sent. */
  drop(): void {
    for (const data of this.#buffers) this.#reused.release(data)
  }
}

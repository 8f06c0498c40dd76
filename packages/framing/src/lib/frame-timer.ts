import type { Channel } from '@sock/core'
import { CHECKS_PER_DEADLINE, turnOf, type Sweep, type Watched } from '@sock/core/transport'

/** The limit that the frames of several channels share. */
export interface FrameTimeLimit {
  readonly ms: number
  readonly sweep: Sweep
}

/** The channel whose frames a timer limits. */
export interface FrameTimerOwner {
  readonly channel: Channel
  /** Whether the rest of a frame is missing, and every frame before it was read. */
  readonly isBusy: boolean
  frameIsLate(ms: number): void
}

/** The longest pause between two checks that does not count as a blocked event loop, in ms. */
const SHORTEST_BLOCK = 50

/** Limits how long a peer may take for the rest of a frame. The time stands still while the peer can do nothing for it. */
export class FrameTimer implements Watched {
  index = -1
  readonly #owner: FrameTimerOwner
  readonly #limit: FrameTimeLimit
  /** How long the peer has had for this frame at the last check, and when that was. */
  #spent = 0
  #checkedAt = 0

  constructor(owner: FrameTimerOwner, limit: FrameTimeLimit) {
    this.#owner = owner
    this.#limit = limit
  }

  /** A part of a frame has arrived. */
  start(): void {
    const { ms, sweep } = this.#limit
    this.#spent = 0
    this.#checkedAt = performance.now()
    // It may still be watched because of an earlier frame.
    if (this.index === -1) sweep.watch(this, ms / CHECKS_PER_DEADLINE)
  }

  check(_now: number, readTo: number): number {
    const { ms } = this.#limit
    if (!this.#owner.isBusy) return Infinity
    // While input waits for the program, the frame may have arrived. While the event loop is blocked, nothing is read.
    const most = Math.max(ms / 4, SHORTEST_BLOCK)
    const turn = turnOf(this.#owner.channel)
    if (turn === 'nobody') return Infinity
    // Not up to now: what has come after `readTo` may be the rest of the frame. The frame itself may have begun after it.
    const passed = Math.max(0, readTo - this.#checkedAt)
    if (turn === 'peer') this.#spent += Math.min(passed, most)
    this.#checkedAt += passed
    if (this.#spent >= ms) this.#owner.frameIsLate(ms)
    return ms / CHECKS_PER_DEADLINE
  }
}

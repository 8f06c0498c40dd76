/** A connection that waits for the rest of a frame. */
export interface Waiting {
  /** The rest has not arrived in time. @param ms the time that has passed */
  late(ms: number): void
}

/** Limits the time from the first byte of a frame to its last: one timer for all connections of a codec. */
export class FrameDeadlines {
  readonly #ms: number
  /** When each frame began. The oldest is first, since all have the same limit. */
  readonly #began = new Map<Waiting, number>()
  #timer: NodeJS.Timeout | undefined

  /** @param ms the limit; `Infinity` for none */
  constructor(ms: number) {
    this.#ms = ms
  }

  /** Starts the time of a frame. */
  begin(waiting: Waiting): void {
    if (this.#ms === Infinity) return
    // Move it to the end.
    this.#began.delete(waiting)
    this.#began.set(waiting, performance.now())
    this.#timer ??= this.#look(this.#ms)
  }

  /** The frame is complete, or is not waited for any more. */
  end(waiting: Waiting): void {
    if (!this.#began.delete(waiting) || this.#began.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #look(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined
      this.#expire()
    }, ms).unref()
  }

  #expire(): void {
    for (const [waiting, began] of this.#began) {
      const left = began + this.#ms - performance.now()
      if (left > 0) {
        this.#timer ??= this.#look(Math.ceil(left))
        return
      }
      this.#began.delete(waiting)
      waiting.late(this.#ms)
    }
  }
}

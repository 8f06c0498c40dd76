/** A connection that waits for the rest of a frame. */
export interface Waiting {
  /** @param ms the time that has passed */
  late(ms: number): void
}

/** Looks that frames come whole within a time: one timer for all connections of a codec. */
export class FrameDeadlines {
  readonly #ms: number
  /** When the frame of each began: the oldest first, since all have the same time. */
  readonly #began = new Map<Waiting, number>()
  #timer: NodeJS.Timeout | undefined

  /** @param ms `Infinity` for no limit */
  constructor(ms: number) {
    this.#ms = ms
  }

  /** A frame has begun. */
  begin(waiting: Waiting): void {
    if (this.#ms === Infinity) return
    // Behind all others.
    this.#began.delete(waiting)
    this.#began.set(waiting, performance.now())
    this.#timer ??= this.#look(this.#ms)
  }

  /** The frame is whole, or nobody waits for it any more. */
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

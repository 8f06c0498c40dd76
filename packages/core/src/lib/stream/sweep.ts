import { AsyncResource } from 'node:async_hooks'
import { IndexedSet, type Indexed } from '../channel/indexed-set.js'

/** Something with deadlines. */
export interface Watched extends Indexed {
  /**
   * Look whether a deadline has passed, and act.
   *
   * @param now milliseconds of a monotonic clock: steps of the system's time do not matter
   * @returns in how many ms to look again at the latest; `Infinity`: not any more, until it is watched anew
   */
  check(now: number): number
}

/** Looking more often than this costs more than the precision is worth. */
const MIN_INTERVAL = 10

/**
 * One timer for the deadlines of many. Instead of a timer per connection, restarted with each byte, it looks at all of
 * them now and then. It runs only while something is watched, and never keeps the process alive.
 */
export class Sweep {
  readonly #watched = new IndexedSet<Watched>()
  /** The timer is nobody's, though it may be one of the watched that sets it going. */
  readonly #context = new AsyncResource('SOCKSWEEP')
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #due = 0

  /** @param within when to look for the first time, in ms at the latest */
  watch(item: Watched, within: number): void {
    this.#watched.add(item)
    this.#schedule(within)
  }

  unwatch(item: Watched): void {
    if (this.#watched.delete(item) && this.#watched.size === 0) this.#cancel()
  }

  #schedule(within: number): void {
    if (this.#immediate !== undefined || within === Infinity) return
    const delay = Math.max(within, MIN_INTERVAL)
    const due = performance.now() + delay
    if (this.#timer !== undefined && this.#due <= due) return
    clearTimeout(this.#timer)
    this.#due = due
    this.#timer = this.#context.runInAsyncScope(setTimeout, undefined, this.#onTimer, delay)
    this.#timer.unref()
  }

  /**
   * After a blocked event loop timers run before input is read, so the verdict waits until it has been. The immediate is
   * not unreferenced: the loop would sleep over it.
   */
  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#immediate = setImmediate(this.#look)
  }

  readonly #look = (): void => {
    this.#immediate = undefined
    const now = performance.now()
    let next = Infinity
    for (const item of this.#watched) {
      // Perhaps another one has ended it.
      if (!this.#watched.has(item)) continue
      const within = item.check(now)
      if (within === Infinity) this.#watched.delete(item)
      else next = Math.min(next, within)
    }
    if (next < Infinity) this.#schedule(next)
  }

  #cancel(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#timer = this.#immediate = undefined
  }
}

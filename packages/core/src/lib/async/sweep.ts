import { AsyncResource } from 'node:async_hooks'
import { IndexedSet, type Indexed } from '../channel/indexed-set.js'

/** An object with deadlines. */
export interface Watched extends Indexed {
  /**
   * Checks whether a deadline has passed, and acts.
   *
   * @param now ms of a monotonic clock, which changes of the system's time do not affect
   * @param readTo the time after which sockets were read last, at most `now`: what comes later may still be unread
   * @returns the longest time until the next check, in ms; `Infinity` to stop until `watch` is called again
   */
  check(now: number, readTo: number): number
}

/** A deadline is checked 8 times before it passes, so it is at most 1/8 late. */
export const CHECKS_PER_DEADLINE = 8

/** The shortest interval between checks, in ms: more precision would not be worth its cost. */
const MIN_INTERVAL = 10

/**
 * One timer for the deadlines of many objects. Instead of a timer per connection that restarts with each byte, it
 * checks all of them periodically. It runs only while something is watched, and never keeps the process alive.
 */
export class Sweep {
  readonly #watched = new IndexedSet<Watched>()
  /**
   * An asynchronous context of its own: the timer must not run in the context of the connection that starts it.
   */
  readonly #context = new AsyncResource('SOCKSWEEP')
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #due = 0
  /** When the timer ran. Between it and the immediate, the event loop reads from its sockets. */
  #readTo = 0

  /** Adds an object. @param within the longest time until its first check, in ms */
  watch(item: Watched, within: number): void {
    this.#watched.add(item)
    this.#schedule(within)
  }

  /** Removes an object; does nothing if it is not watched. */
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
   * After a blocked event loop timers run before input is read, so the check waits until it has been read. The
   * immediate is not unreferenced, since the event loop would sleep without running it.
   */
  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#readTo = performance.now()
    this.#immediate = setImmediate(this.#checkAll)
  }

  readonly #checkAll = (): void => {
    this.#immediate = undefined
    const now = performance.now()
    let next = Infinity
    for (const item of this.#watched) {
      // The check of another object may have removed it.
      if (!this.#watched.has(item)) continue
      const within = item.check(now, this.#readTo)
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

import { inspect } from 'node:util'
import { ignore, isThenable, whenSettled } from '../async/deferred.js'

/** Takes back what `on` did; calling it twice does no harm. */
export type Unsubscribe = () => void

/** The events of a registry, with their callbacks. */
export type Events = Record<string, (...args: never[]) => void>

/** One callback of an event. A new object for each subscription, since the same function may come twice. */
interface Subscription<Callback> {
  readonly callback: Callback
  /** Which calls it is for; `none` when the one call it was for has come. */
  calls: 'all' | 'one' | 'none'
}

/**
 * Callbacks by event. Any number per event; they run in the order they came, synchronously, and each is alone with
 * its failures: one that throws or rejects disturbs neither the caller nor the others, and becomes a process warning.
 * Adding and removing inside a callback takes effect with the next emit.
 */
export class CallbackRegistry<E extends Events> {
  /** Replaced, never changed in place: an emit under way keeps the list it started with. */
  readonly #lists: { [K in keyof E]: readonly Subscription<E[K]>[] }

  /** Called when somebody has begun or stopped to observe, or was to be called once and has been. */
  changed: () => void = ignore

  /** @param names the events there are */
  constructor(names: readonly (keyof E & string)[]) {
    this.#lists = Object.fromEntries(names.map((name) => [name, []])) as never
  }

  /** @throws TypeError for an unknown event or something that is no function */
  on<K extends keyof E & string>(event: K, callback: E[K]): Unsubscribe {
    return this.#add(event, callback, 'all')
  }

  /** The same, for one call. @throws TypeError like {@link on} */
  once<K extends keyof E & string>(event: K, callback: E[K]): Unsubscribe {
    return this.#add(event, callback, 'one')
  }

  /** Removes the newest subscription of this callback, if there is one. @throws TypeError for an unknown event */
  off<K extends keyof E & string>(event: K, callback: E[K]): void {
    this.#check(event)
    const newest = this.#lists[event].findLast((subscription) => subscription.callback === callback)
    if (newest !== undefined) this.#remove(event, newest)
  }

  /** Whether anybody listens. */
  has(event: keyof E & string): boolean {
    return this.#lists[event].length > 0
  }

  emit<K extends keyof E & string>(event: K, ...args: Parameters<E[K]>): void {
    for (const subscription of this.#lists[event]) {
      // An emit inside of this one has called it.
      if (subscription.calls === 'none') continue
      if (subscription.calls === 'one') {
        subscription.calls = 'none'
        this.#remove(event, subscription)
      }
      try {
        const result: unknown = subscription.callback(...args)
        if (isThenable(result)) void whenSettled(result, ignore, warn)
      } catch (error) {
        warn(error)
      }
    }
  }

  #add<K extends keyof E & string>(event: K, callback: E[K], calls: 'all' | 'one'): Unsubscribe {
    this.#check(event)
    if (typeof callback !== 'function') throw new TypeError(`Invalid callback for "${event}": not a function`)
    const subscription: Subscription<E[K]> = { callback, calls }
    this.#lists[event] = [...this.#lists[event], subscription]
    this.changed()
    return () => this.#remove(event, subscription)
  }

  #remove<K extends keyof E & string>(event: K, subscription: Subscription<E[K]>): void {
    this.#lists[event] = this.#lists[event].filter((other) => other !== subscription)
    this.changed()
  }

  #check(event: keyof E & string): void {
    if (Object.hasOwn(this.#lists, event)) return
    throw new TypeError(`Unknown event "${event}": there are ${Object.keys(this.#lists).join(', ')}`)
  }
}

/** An observer's own failure has nobody else to go to. As text, since that works for whatever was thrown. */
function warn(error: unknown): void {
  process.emitWarning(`A callback failed: ${show(error)}`, 'SockCallbackWarning')
}

function show(error: unknown): string {
  try {
    return inspect(error)
  } catch {
    return 'with something that cannot be shown'
  }
}

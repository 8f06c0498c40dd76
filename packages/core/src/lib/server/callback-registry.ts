import { ignore, isThenable, whenSettled } from '../async/deferred.js'
import { printed } from '../errors/printed.js'
import { wrongType, wrongValue } from '../options/check.js'

/** Undoes `on` or `once`; calling it again does nothing. */
export type Unsubscribe = () => void

/** A map from event names to the types of their callbacks. */
export type Events = Record<string, (...args: never[]) => void>

/** One subscription to an event. Each is an object of its own, since the same function may subscribe twice. */
interface Subscription<Callback> {
  readonly callback: Callback
  /** The calls it still gets; `none` after the only call of a `once`. */
  calls: 'all' | 'one' | 'none'
}

/**
 * Callbacks by event, any number per event. They run synchronously, in the order they were added. One that throws or
 * rejects affects neither the emitter nor the others: its failure becomes a process warning. A callback that adds or
 * removes others changes the next emit, not the current one.
 */
export class CallbackRegistry<E extends Events> {
  /** Replaced on every change, never modified in place: an emit under way keeps the list it started with. */
  readonly #lists: { [K in keyof E]: readonly Subscription<E[K]>[] }

  /** Called after a subscription was added or removed, including a `once` that has had its call. */
  changed: () => void = ignore

  /** @param names all events */
  constructor(names: readonly (keyof E & string)[]) {
    this.#lists = Object.fromEntries(names.map((name) => [name, []])) as never
  }

  /** Subscribes to an event. @throws TypeError for an unknown event, or a callback that is not a function */
  on<K extends keyof E & string>(event: K, callback: E[K]): Unsubscribe {
    return this.#add(event, callback, 'all')
  }

  /** Subscribes for one call. @throws TypeError like {@link on} */
  once<K extends keyof E & string>(event: K, callback: E[K]): Unsubscribe {
    return this.#add(event, callback, 'one')
  }

  /** Removes the newest subscription of this callback, if there is one. @throws TypeError for an unknown event */
  off<K extends keyof E & string>(event: K, callback: E[K]): void {
    this.#check(event)
    const newest = this.#lists[event].findLast((subscription) => subscription.callback === callback)
    if (newest !== undefined) this.#remove(event, newest)
  }

  /** Whether the event has any callback. */
  has(event: keyof E & string): boolean {
    return this.#lists[event].length > 0
  }

  emit<K extends keyof E & string>(event: K, ...args: Parameters<E[K]>): void {
    for (const subscription of this.#lists[event]) {
      // A nested emit has used up this `once`.
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
    if (typeof callback !== 'function')
      throw wrongType('callback', `a function for the event "${event}"`, callback)
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
    const names = Object.keys(this.#lists)
    const instead = 'state' in this.#lists && Object.hasOwn(INSTEAD, event) ? `. ${INSTEAD[event]}` : ''
    throw wrongValue(`Unknown event "${event}": the events are ${names.join(', ')}${instead}`)
  }
}

/** What to use in place of events that Node's servers have. */
const INSTEAD: Readonly<Record<string, string>> = {
  close: 'Await "closed", or use the event "state"',
  listening: 'Await listen(), or use the event "state"',
}

/** Reports the failure of an event callback, which no caller handles. */
function warn(error: unknown): void {
  process.emitWarning(`An event callback threw or rejected: ${printed(error)}`, 'SockCallbackWarning')
}
